package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers says what the packages of a folder may import of this module: the folder itself and those named. The longest folder
// that matches a package counts. A package outside the table fails the test: whoever adds one says where it belongs.
var layers = map[string][]string{
	"cmd":                  {"*"},
	"loader":               {"abi", "internal"},
	"abi":                  {"loop", "internal"},
	"loop":                 {},
	"sdk":                  {},
	"modules":              {"sdk"},
	"include":              {},
	"internal/resp":        {},
	"internal/mem":         {},
	"internal/config":      {},
	"internal/dl":          {},
	"internal/longdouble":  {},
	"internal/preflight":   {},
	"internal/geo":         {},
	"internal/hll":         {},
	"internal/ticks":       {},
	"internal/sched":       {},
	"internal/sysmon":      {},
	"internal/ds":          {"internal/mem"},
	"internal/store":       {"internal/ds", "internal/mem"},
	"internal/persist":     {"internal/store", "internal/ds", "internal/mem", "internal/resp"},
	"internal/persist/aof": {"internal/config"},
	"internal/persist/rdb": {},
	"internal/script":      {"internal/store", "internal/resp"},
	"internal/repl":        {"internal/store", "internal/resp"},
	"internal/acl":         {"internal/store", "internal/resp"},
	"internal/server": {"loop", "internal/resp", "internal/store", "internal/ds", "internal/mem", "internal/config", "internal/longdouble", "internal/geo", "internal/hll", "internal/ticks", "internal/sched", "internal/persist",
		"internal/script", "internal/repl", "internal/acl"},
	"internal/testkit":      {"internal/resp", "internal/config"},
	"internal/sessiontest":  {"internal/testkit", "internal/resp", "internal/config"},
	"internal/clienttest":   {"internal/testkit", "internal/resp", "internal/config"},
	"internal/crashtest":    {"internal/testkit", "internal/resp"},
	"internal/exchangetest": {"internal/testkit", "internal/sessiontest", "internal/resp", "internal/config", "internal/persist", "internal/store", "internal/ds"},
	"internal/bench":        {},
	"internal/conformance":  {},
	"internal/marks":        {},
	"internal/lint":         {},
	"internal/moduletest":   {},
	"internal/exampletest":  {"internal/testkit"},
	"internal/genapi":       {},
	"internal/torture":      {},
	"internal/cmd":          {"internal"},
}

// tools are no part of the product: nothing but the commands that run them imports them.
var tools = []string{"internal/testkit", "internal/sessiontest", "internal/clienttest", "internal/crashtest", "internal/exchangetest", "internal/bench", "internal/conformance", "internal/marks", "internal/lint", "internal/genapi", "internal/cmd"}

// below tells whether a package is folder or lies in it.
func below(pkg, folder string) bool {
	return folder == "*" || pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// layer is the table's longest folder that holds pkg.
func layer(pkg string) (string, bool) {
	best, ok := "", false
	for folder := range layers {
		if below(pkg, folder) && len(folder) >= len(best) {
			best, ok = folder, true
		}
	}
	return best, ok
}

func allowed(from, to string) bool {
	folder, _ := layer(from)
	for _, tool := range tools {
		if below(to, tool) && !below(from, "internal/cmd") && !below(from, tool) && !slices.Contains(layers[folder], tool) {
			return false
		}
	}
	if below(to, folder) {
		return true
	}
	for _, a := range layers[folder] {
		// "internal" is the libraries below it: for those that serve the API, not an excuse to import upward.
		if below(to, a) {
			return true
		}
	}
	return false
}

func TestAllowed(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		want     bool
	}{
		{"internal/server", "abi", false},
		{"internal/server", "loader", false},
		{"internal/server", "internal/store", true},
		{"internal/store", "internal/resp", false},
		{"internal/store", "internal/store/rdb", true},
		{"internal/ds", "internal/store", false},
		{"loop", "internal/mem", false},
		{"abi", "loader", false},
		{"abi", "internal/server", true},
		{"abi", "internal/bench", false},
		{"loader", "abi", true},
		{"cmd/berth", "loader", true},
		{"internal/cmd/bench", "internal/bench", true},
	} {
		if got := allowed(tc.from, tc.to); got != tc.want {
			t.Errorf("allowed(%s, %s) = %v", tc.from, tc.to, got)
		}
	}
}

// Layers point one way (DESIGN: "where things live"), on every system: a file that only macOS compiles counts too.
func TestLayers(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("SKIPPED: no go command")
	}
	for _, goos := range []string{"linux", "darwin", "freebsd"} {
		cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports,TestImports,XTestImports,Module,Standard", "./...")
		cmd.Dir = root(t)
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v: %s", err, stderr.Bytes())
		}
		seen := 0
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct {
				ImportPath                         string
				Imports, TestImports, XTestImports []string
				Standard                           bool
				Module                             *struct{ Main bool }
			}
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if p.Standard || p.Module == nil || !p.Module.Main {
				continue
			}
			seen++
			pkg, ok := strings.CutPrefix(p.ImportPath, "berth/")
			if !ok {
				t.Errorf("%s: the module's root has no package", p.ImportPath)
				continue
			}
			if _, ok := layer(pkg); !ok {
				t.Errorf("%s is in no folder of the table of layers", pkg)
				continue
			}
			for _, imp := range p.Imports {
				if to, ours := strings.CutPrefix(imp, "berth/"); ours && !allowed(pkg, to) {
					t.Errorf("%s: %s imports %s", goos, pkg, to)
				}
			}
			// Tests may drive what lies above them, except where that would hide a cycle.
			for _, imp := range p.TestImports {
				if to, ours := strings.CutPrefix(imp, "berth/"); ours && (to == "abi" || to == "loader") && below(pkg, "internal/server") {
					t.Errorf("%s: the tests of %s import %s", goos, pkg, to)
				}
			}
		}
		if seen == 0 {
			t.Fatal("go list printed no package of ours")
		}
	}
}
