// Certificate authorities and certificates, made with openssl for one run.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function authority(dir) {
  const ssl = (...args) => {
    const r = spawnSync('openssl', args, { cwd: dir, encoding: 'buffer' })
    if (r.status !== 0) throw new Error(r.stderr.toString())
    return r.stdout
  }
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  return {
    ca: (name) => ssl('req', '-x509', ...key, '-keyout', name + '.key', '-out', name + '.pem', '-days', '2', '-subj', '/CN=' + name),
    sign(name, by, subject, alt) {
      ssl('req', ...key, '-keyout', name + '.key', '-out', name + '.csr', '-subj', subject)
      writeFileSync(join(dir, name + '.ext'), alt ? `subjectAltName=${alt}\n` : 'basicConstraints=CA:FALSE\n')
      ssl('x509', '-req', '-in', name + '.csr', '-CA', by + '.pem', '-CAkey', by + '.key', '-CAcreateserial', '-days', '2', '-extfile', name + '.ext', '-out', name + '.pem')
    },
    // DER of the public key
    spki: (name) => ssl('pkey', '-in', name + '.key', '-pubout', '-outform', 'DER'),
  }
}
