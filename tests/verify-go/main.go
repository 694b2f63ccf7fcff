// Verifies a log with golang.org/x/mod alone: a second opinion that shares no code with Custos.
// usage: verify DIR (one log), or verify --bundle DIR (what custos export wrote, unpacked).
// Exit status 0 intact, 1 broken, 2 unreadable.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
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

func verifier(dir string) note.Verifier {
	v, err := note.NewVerifier(strings.TrimSpace(string(read(filepath.Join(dir, "vkey")))))
	if err != nil {
		exit(2, "vkey: %v", err)
	}
	return v
}

// parse checks the signature of a checkpoint and reads it.
func parse(what string, text []byte, v note.Verifier) tlog.Tree {
	n, err := note.Open(text, note.VerifierList(v))
	if err != nil {
		exit(1, "%s: %v", what, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != v.Name() {
		exit(1, "%s: malformed", what)
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err1 != nil || err2 != nil || len(root) != tlog.HashSize {
		exit(1, "%s: malformed", what)
	}
	t := tlog.Tree{N: size}
	copy(t.Hash[:], root)
	return t
}

// entries hands over each entry whose bundle is there, checked against the tree. whole: all must be.
func entries(dir string, tree tlog.Tree, whole bool, each func(at int64, leaf []byte)) {
	reader := tlog.TileHashReader(tree, tiles{dir})
	for at := int64(0); at < tree.N; at += 256 {
		width := int(min(256, tree.N-at))
		name := filepath.Join(dir, tilePath("entries", at/256, width))
		_, err := os.Stat(name)
		absent := os.IsNotExist(err) && !whole
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
		bundle := read(name)
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
func proven(stem string, v note.Verifier) []byte {
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

func bundle(dir string) {
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
	total, keys := 0, map[string]note.Verifier{}
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
	fmt.Printf("intact: %d entries in %d logs, %d populations, %d proofs\n", total, len(head.Logs), len(asked), proofs)
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
	if len(os.Args) == 3 && os.Args[1] == "--bundle" {
		bundle(os.Args[2])
		return
	}
	dir := os.Args[1]
	tree := parse("checkpoint", read(filepath.Join(dir, "checkpoint")), verifier(dir))
	entries(dir, tree, true, func(int64, []byte) {})
	// a checkpoint that was set back leaves tiles behind that it does not cover
	width := int(tree.N % 256)
	for w := width + 1; w <= 256; w++ {
		if _, err := os.Stat(filepath.Join(dir, tilePath("entries", tree.N/256, w))); err == nil {
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
