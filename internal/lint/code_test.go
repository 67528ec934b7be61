package lint

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Every exported thing has a comment that says what it is. In a group the group's comment, or one at the end of the line,
// will do for constants and variables.
func TestExportedDocs(t *testing.T) {
	parsed(t, product, func(fset *token.FileSet, s source, f *ast.File) {
		if f.Name.Name == "main" {
			return
		}
		missing := func(n ast.Node, what, name string) {
			t.Errorf("%s: exported %s %s has no comment", fset.Position(n.Pos()), what, name)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d)) {
					missing(d, "function", d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						if spec.Name.IsExported() && spec.Doc == nil && d.Doc == nil {
							missing(spec, "type", spec.Name.Name)
						}
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							if name.IsExported() && spec.Doc == nil && spec.Comment == nil && d.Doc == nil {
								missing(spec, "value", name.Name)
							}
						}
					}
				}
			}
		}
	})
}

func exportedReceiver(d *ast.FuncDecl) bool {
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// A panic is for a broken invariant and says so, or for memory that the system refuses. One whose text is not written at the
// call is not checked.
func TestPanics(t *testing.T) {
	parsed(t, product, func(fset *token.FileSet, s source, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "panic" || len(call.Args) != 1 {
				return true
			}
			if text, ok := literal(call.Args[0]); ok && !strings.HasPrefix(text, "BUG: ") && !strings.Contains(text, "out of memory") {
				t.Errorf("%s: panic(%q) does not begin with \"BUG: \"", fset.Position(call.Pos()), text)
			}
			return true
		})
	})
}

// literal is the beginning of a text: a string, the left of a sum, or a format.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		return literal(e.X)
	case *ast.CallExpr:
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(sel.Sel.Name, "Sprint") || ok && sel.Sel.Name == "Errorf" {
			if len(e.Args) > 0 {
				return literal(e.Args[0])
			}
		}
	}
	return "", false
}

// The product is built without cgo; only the SDK and the Go modules, which are C libraries to the host, use it.
func TestNoCgoInProduct(t *testing.T) {
	parsed(t, product, func(fset *token.FileSet, s source, f *ast.File) {
		if strings.HasPrefix(s.path, "sdk/") || strings.HasPrefix(s.path, "modules/") {
			return
		}
		for _, imp := range f.Imports {
			if imp.Path.Value == `"C"` {
				t.Errorf("%s imports C", fset.Position(imp.Pos()))
			}
		}
	})
}
