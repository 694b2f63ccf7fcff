// Verifies a log with golang.org/x/mod alone: a second opinion that shares no code with Custos.
// usage: verify DIR (one log). Exit status 0 intact, 1 broken, 2 unreadable.
package main

import (
	"encoding/base64"
	"encoding/binary"
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

func checkpoint(dir string) tlog.Tree {
	v, err := note.NewVerifier(strings.TrimSpace(string(read(filepath.Join(dir, "vkey")))))
	if err != nil {
		exit(2, "vkey: %v", err)
	}
	n, err := note.Open(read(filepath.Join(dir, "checkpoint")), note.VerifierList(v))
	if err != nil {
		exit(1, "checkpoint: %v", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != v.Name() {
		exit(1, "checkpoint: malformed")
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err1 != nil || err2 != nil || len(root) != tlog.HashSize {
		exit(1, "checkpoint: malformed")
	}
	t := tlog.Tree{N: size}
	copy(t.Hash[:], root)
	return t
}

func main() {
	dir := os.Args[1]
	tree := checkpoint(dir)
	reader := tlog.TileHashReader(tree, tiles{dir})
	for at := int64(0); at < tree.N; at += 256 {
		width := int(min(256, tree.N-at))
		bundle := read(filepath.Join(dir, tilePath("entries", at/256, width)))
		var index []int64
		for i := 0; i < width; i++ {
			index = append(index, tlog.StoredHashIndex(0, at+int64(i)))
		}
		hashes, err := reader.ReadHashes(index)
		if err != nil {
			exit(1, "tiles at %d: %v", at, err)
		}
		for i := 0; i < width; i++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				exit(1, "entry %d: bundle cut short", at+int64(i))
			}
			n := int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:2+n]) != hashes[i] {
				exit(1, "entry %d: not what was sealed", at+int64(i))
			}
			bundle = bundle[2+n:]
		}
		if len(bundle) != 0 {
			exit(1, "bundle at %d: too long", at)
		}
	}
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
