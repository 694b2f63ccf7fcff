// Verifies a log with golang.org/x/mod alone: a second opinion that shares no code with Custos.
// usage: verify DIR (one log), or verify --bundle DIR [POLICY] (what custos export wrote, unpacked; POLICY: who
// must have cosigned, without it that of the bundle).
// Exit status 0 intact, 1 broken, 2 unreadable.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func exit(code int, format string, a ...any) {
	fmt.Printf(format+"\n", a...)
	os.Exit(code)
}

func read(name string) []byte {
	b, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		exit(1, "missing: %v", err)
	} else if err != nil {
		exit(2, "%v", err)
	}
	return b
}

// tilePath is the layout of C2SP tlog-tiles.
func tilePath(kind string, n int64, width int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	if width < 256 {
		s += fmt.Sprintf(".p/%d", width)
	}
	return filepath.Join("tile", kind, s)
}

// tiles lets x/mod read our directory, checking every tile against the signed root.
type tiles struct{ dir string }

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, w := range want {
		b, err := os.ReadFile(filepath.Join(t.dir, tilePath(strconv.Itoa(w.L), w.N, w.W)))
		if err != nil {
			return nil, err
		}
		if len(b) != w.W*tlog.HashSize {
			return nil, fmt.Errorf("tile of %d bytes", len(b))
		}
		out = append(out, b)
	}
	return out, nil
}

// key is one that may sign checkpoints of these sizes; a log has several when its key was replaced.
type key struct {
	note.Verifier
	from, to int64
}

func verifier(dir string) []key {
	var keys []key
	text, err := os.ReadFile(filepath.Join(dir, "vkeys"))
	if err != nil {
		text = append(bytes.TrimSpace(read(filepath.Join(dir, "vkey"))), []byte(" 0 -\n")...)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		w := strings.Split(line, " ")
		if len(w) != 3 {
			exit(1, "%s: vkeys: malformed", dir)
		}
		v, err := note.NewVerifier(w[0])
		from, err1 := strconv.ParseInt(w[1], 10, 64)
		to, err2 := strconv.ParseInt(strings.Replace(w[2], "-", strconv.FormatInt(1<<62, 10), 1), 10, 64)
		if err != nil || err1 != nil || err2 != nil {
			exit(1, "%s: vkeys: malformed: %v", dir, err)
		}
		keys = append(keys, key{v, from, to})
	}
	return keys
}

// parse checks the signature of a checkpoint and reads it.
func parse(what string, text []byte, keys []key) tlog.Tree {
	var all []note.Verifier
	for _, k := range keys {
		all = append(all, k)
	}
	n, err := note.Open(text, note.VerifierList(all...))
	if err != nil {
		exit(1, "%s: %v", what, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != keys[0].Name() {
		exit(1, "%s: malformed", what)
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err1 != nil || err2 != nil || len(root) != tlog.HashSize {
		exit(1, "%s: malformed", what)
	}
	good := false
	for _, s := range n.Sigs {
		for _, k := range keys {
			good = good || s.Hash == k.KeyHash() && size >= k.from && size <= k.to
		}
	}
	if !good {
		exit(1, "%s: no key that signed is good for %d entries", what, size)
	}
	t := tlog.Tree{N: size}
	copy(t.Hash[:], root)
	return t
}

// bundleAt reads a bundle of entries, plain or gzipped (a full one may be).
func bundleAt(name string) []byte {
	if b, err := os.ReadFile(name); err == nil {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(read(name + ".gz")))
	if err != nil {
		exit(1, "%s.gz: %v", name, err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		exit(1, "%s.gz: %v", name, err)
	}
	return b
}

func there(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// entries hands over each entry whose bundle is there, checked against the tree. whole: all must be.
func entries(dir string, tree tlog.Tree, whole bool, each func(at int64, leaf []byte)) {
	reader := tlog.TileHashReader(tree, tiles{dir})
	for at := int64(0); at < tree.N; at += 256 {
		width := int(min(256, tree.N-at))
		name := filepath.Join(dir, tilePath("entries", at/256, width))
		absent := !there(name) && !there(name+".gz") && !whole
		var index []int64
		for i := 0; i < width; i++ {
			index = append(index, tlog.StoredHashIndex(0, at+int64(i)))
		}
		hashes, err := reader.ReadHashes(index)
		if err != nil {
			exit(1, "tiles at %d: %v", at, err)
		}
		if absent {
			continue
		}
		bundle := bundleAt(name)
		for i := 0; i < width; i++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				exit(1, "entry %d: bundle cut short", at+int64(i))
			}
			n := int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:2+n]) != hashes[i] {
				exit(1, "entry %d: not what was sealed", at+int64(i))
			}
			each(at+int64(i), bundle[2:2+n])
			bundle = bundle[2+n:]
		}
		if len(bundle) != 0 {
			exit(1, "bundle at %d: too long", at)
		}
	}
}

// proven checks STEM.json and STEM.tlog-proof and returns the entry.
func proven(stem string, v []key) []byte {
	leaf, proof := read(stem+".json"), read(stem+".tlog-proof")
	head, text, found := bytes.Cut(proof, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		exit(1, "%s: malformed proof", stem)
	}
	index, err := strconv.ParseInt(lines[1][6:], 10, 64)
	if err != nil {
		exit(1, "%s: malformed proof", stem)
	}
	var p tlog.RecordProof
	for _, line := range lines[2:] {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) != tlog.HashSize {
			exit(1, "%s: malformed proof", stem)
		}
		p = append(p, tlog.Hash(b))
	}
	t := parse(stem, text, v)
	if err := tlog.CheckRecord(p, t.N, t.Hash, index, tlog.RecordHash(leaf)); err != nil {
		exit(1, "%s: %v", stem, err)
	}
	return leaf
}

type population struct {
	ID   string `json:"id"`
	Body struct {
		Count            int64
		Digest, From, To string
		Types            []string
		Where            []struct{ Field, Value string }
		Logs             []struct {
			Name string
			Size int64
		}
	}
	listing bytes.Buffer
}

type entry struct {
	Actor, Ts, Type string
	ID              string `json:"id"`
	Body            map[string]json.RawMessage
}

// ask runs a population's query over one entry, and writes its line of the listing.
func (p *population) ask(log string, at int64, leaf []byte, e *entry) {
	covered, named := false, false
	for _, l := range p.Body.Logs {
		covered = covered || l.Name == log && at < l.Size
	}
	for _, t := range p.Body.Types {
		named = named || t == e.Type
	}
	if !covered || !named || e.Ts < p.Body.From || e.Ts >= p.Body.To {
		return
	}
	for _, w := range p.Body.Where {
		if have := string(e.Body[w.Field]); have != w.Value && have != strconv.Quote(w.Value) {
			return
		}
	}
	h := tlog.RecordHash(leaf)
	fmt.Fprintf(&p.listing, "{\"actor\":%q,\"id\":%q,\"index\":%d,\"leaf\":\"%s\",\"log\":%q,\"ts\":%q,\"type\":%q}\n", e.Actor, e.ID, at,
		hex.EncodeToString(h[:]), log, e.Ts, e.Type)
}

func glob(parts ...string) []string {
	found, err := filepath.Glob(filepath.Join(parts...))
	if err != nil {
		exit(2, "%v", err)
	}
	return found
}

func decode(name string, b []byte, to any) {
	if err := json.Unmarshal(b, to); err != nil {
		exit(1, "%s: %v", name, err)
	}
}

// witness is a verifier of cosignature/v1 (C2SP tlog-cosignature): a time, and Ed25519 over it and the text.
type witness struct {
	name string
	hash uint32
	pk   ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(w.pk, append([]byte(head), text...), sig[8:])
}

func newWitness(vkey string) (w witness, ok bool) {
	p := strings.SplitN(vkey, "+", 3)
	if len(p) != 3 {
		return w, false
	}
	raw, err := base64.StdEncoding.DecodeString(p[2])
	if err != nil || len(raw) != 33 || raw[0] != 4 {
		return w, false
	}
	sum := sha256.Sum256(append([]byte(p[0]+"\n"), raw...))
	return witness{p[0], binary.BigEndian.Uint32(sum[:]), raw[1:]}, fmt.Sprintf("%x", sum[:4]) == p[1]
}

// policy is a C2SP tlog-policy: each name needs so many of its members.
type policy struct {
	witnesses []note.Verifier
	need      map[string]int
	members   map[string][]string
	hash      map[string]uint32
	quorum    string
}

func readPolicy(text []byte) *policy {
	p := &policy{need: map[string]int{}, members: map[string][]string{}, hash: map[string]uint32{}}
	for _, line := range strings.Split(string(text), "\n") {
		w := strings.Fields(line)
		switch {
		case len(w) >= 3 && w[0] == "witness":
			v, ok := newWitness(w[2])
			if !ok {
				exit(1, "policy: the key of %s is malformed", w[1])
			}
			p.witnesses, p.hash[w[1]] = append(p.witnesses, v), v.hash
		case len(w) >= 4 && w[0] == "group":
			n, err := strconv.Atoi(strings.NewReplacer("any", "1", "all", strconv.Itoa(len(w)-3)).Replace(w[2]))
			if err != nil {
				exit(1, "policy: group %s is malformed", w[1])
			}
			p.need[w[1]], p.members[w[1]] = n, w[3:]
		case len(w) == 2 && w[0] == "quorum":
			p.quorum = w[1]
		}
	}
	return p
}

func (p *policy) holds(name string, signed map[uint32]bool) bool {
	if name == "none" {
		return true
	}
	if h, is := p.hash[name]; is {
		return signed[h]
	}
	n := 0
	for _, m := range p.members[name] {
		if p.holds(m, signed) {
			n++
		}
	}
	return len(p.members[name]) > 0 && n >= p.need[name]
}

// quorums counts the checkpoints of the anchor log that are cosigned as the policy asks.
func quorums(dir string, keys []key, p *policy) (n int) {
	for _, name := range glob(dir, "anchor", "*", "cosigned") {
		text := read(name)
		a, b := parse(name, text, keys), parse(name, read(filepath.Join(filepath.Dir(name), "checkpoint")), keys)
		if a != b {
			exit(1, "%s: another checkpoint than the one beside it", name)
		}
		signed := map[uint32]bool{}
		opened, err := note.Open(text, note.VerifierList(p.witnesses...))
		if _, none := err.(*note.UnverifiedNoteError); err != nil && !none {
			exit(1, "%s: %v", name, err)
		}
		if err == nil {
			for _, s := range opened.Sigs {
				signed[s.Hash] = true
			}
		}
		if p.holds(p.quorum, signed) {
			n++
		}
	}
	return n
}

func bundle(dir string, policyFile string) {
	var head struct{ Logs []string }
	decode("bundle.json", read(filepath.Join(dir, "bundle.json")), &head)
	var asked []*population
	for _, name := range glob(dir, "populations", "*.json") {
		p := &population{}
		decode(name, read(name), p)
		asked = append(asked, p)
	}
	said := map[string]map[int64]string{} // roots that the anchor log states
	anchor := verifier(filepath.Join(dir, "anchor"))
	var newest tlog.Tree
	for _, view := range glob(dir, "anchor", "*", "checkpoint") {
		if t := parse(view, read(view), anchor); t.N > newest.N {
			newest = t
		}
		for _, log := range head.Logs {
			stem := filepath.Join(filepath.Dir(view), log)
			if _, err := os.Stat(stem + ".json"); err != nil {
				continue
			}
			var a struct {
				Body struct {
					Log, Root string
					Size      int64
				}
			}
			decode(stem, proven(stem, anchor), &a)
			if a.Body.Log != log {
				exit(1, "%s is about %s", stem, a.Body.Log)
			}
			if said[log] == nil {
				said[log] = map[int64]string{}
			}
			said[log][a.Body.Size] = a.Body.Root
		}
	}
	total, keys := 0, map[string][]key{}
	for _, log := range head.Logs {
		at := filepath.Join(dir, "log", log)
		keys[log] = verifier(at)
		tree := parse(at, read(filepath.Join(at, "checkpoint")), keys[log])
		reader := tlog.TileHashReader(tree, tiles{at})
		for size, root := range said[log] {
			h, err := tlog.TreeHash(size, reader)
			if err != nil || hex.EncodeToString(h[:]) != root {
				exit(1, "%s: not the history that the anchor log states at %d: %v", log, size, err)
			}
		}
		entries(at, tree, false, func(i int64, leaf []byte) {
			e := &entry{}
			decode(log, leaf, e)
			total++
			for _, p := range asked {
				p.ask(log, i, leaf, e)
			}
		})
	}
	for _, p := range asked {
		sum := sha256.Sum256(p.listing.Bytes())
		if hex.EncodeToString(sum[:]) != p.Body.Digest || !bytes.Equal(p.listing.Bytes(), read(filepath.Join(dir, "populations", p.ID+".jsonl"))) {
			exit(1, "population %s: asked again, its listing is another", p.ID)
		}
	}
	proofs := 0
	for _, name := range append(append(glob(dir, "populations", "*.json"), glob(dir, "samples", "*.json")...), glob(dir, "samples", "*", "*.json")...) {
		var e struct{ Tenant string }
		decode(name, read(name), &e)
		v := keys["t/"+e.Tenant]
		if v == nil {
			v = keys[e.Tenant]
		}
		if v == nil {
			exit(1, "%s: its log is not here", name)
		}
		proven(strings.TrimSuffix(name, ".json"), v)
		proofs++
	}
	rows(dir)
	witnessed := ""
	if _, err := os.Stat(policyFile); err == nil {
		n := quorums(dir, anchor, readPolicy(read(policyFile)))
		if n == 0 {
			exit(1, "no checkpoint has the cosignatures that the policy asks for")
		}
		witnessed = fmt.Sprintf(", %d checkpoints with the quorum of witnesses", n)
	}
	fmt.Printf("intact: %d entries in %d logs, %d populations, %d proofs%s\n", total, len(head.Logs), len(asked), proofs, witnessed)
}

// rows checks that each sampled entry stands in the row of the listing that was drawn.
func rows(dir string) {
	for _, name := range glob(dir, "samples", "*.json") {
		var s struct {
			ID   string `json:"id"`
			Body struct {
				Population, Rows string
			}
		}
		decode(name, read(name), &s)
		want := map[string]bool{}
		for _, r := range strings.Fields(s.Body.Rows) {
			want[r] = true
		}
		listing := bufio.NewScanner(bytes.NewReader(read(filepath.Join(dir, "populations", s.Body.Population+".jsonl"))))
		for i := int64(0); listing.Scan(); i++ {
			if !want[strconv.FormatInt(i, 10)] {
				continue
			}
			var row struct{ Leaf string }
			decode(name, listing.Bytes(), &row)
			h := tlog.RecordHash(read(filepath.Join(dir, "samples", s.ID, strconv.FormatInt(i, 10)+".json")))
			if hex.EncodeToString(h[:]) != row.Leaf {
				exit(1, "sample %s, row %d: another entry", s.ID, i)
			}
		}
	}
}

func main() {
	if len(os.Args) >= 3 && os.Args[1] == "--bundle" {
		policyFile := filepath.Join(os.Args[2], "anchor", "witness-policy")
		if len(os.Args) > 3 {
			policyFile = os.Args[3]
		}
		bundle(os.Args[2], policyFile)
		return
	}
	dir := os.Args[1]
	tree := parse("checkpoint", read(filepath.Join(dir, "checkpoint")), verifier(dir))
	entries(dir, tree, true, func(int64, []byte) {})
	// a checkpoint that was set back leaves tiles behind that it does not cover
	width := int(tree.N % 256)
	beyond := []string{tilePath("entries", tree.N/256+1, 256), tilePath("entries", tree.N/256+1, 256) + ".gz", tilePath("entries", tree.N/256, 256) + ".gz"}
	for w := width + 1; w <= 256; w++ {
		beyond = append(beyond, tilePath("entries", tree.N/256, w))
	}
	for _, name := range beyond {
		if there(filepath.Join(dir, name)) {
			exit(1, "tiles beyond the checkpoint of %d entries", tree.N)
		}
	}
	fmt.Printf("intact: %d entries\n", tree.N)
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
