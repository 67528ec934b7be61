package script

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Limits of a source. Those with Lua's names have Lua's values; the rest keep the interpreter's compiler, which recurses over the
// tree and looks constants up one by one, within bounds of stack and time.
const (
	maxLevels    = 200 // LUAI_MAXCCALLS
	maxLocals    = 198 // LUAI_MAXVARS, less two for the operators' functions
	maxUpvalues  = 60  // LUAI_MAXUPVALUES
	maxRegisters = 195
	maxChain     = 500
	maxElseifs   = 4000
	maxFunctions = 1 << 17
	maxNodes     = 1 << 21
	maxWork      = 1 << 27
)

// The hidden locals that hold the functions for .. and #, and for %. No name in a source can be theirs.
const (
	opsName = "(operators)"
	modName = "(remainder)"
)

// site is a place in the source that an instruction belongs to: the tree's nodes have the index of one where the interpreter expects
// a line. The names are what operands are called in errors.
type site struct {
	line int
	a, b name
}

// name is what an expression is called: "local 'x'".
type name struct {
	kind string
	text string
}

// scope is a function that is being parsed.
type scope struct {
	parent    *scope
	blocks    [][]string // the names of the locals, block by block
	active    int
	upvalues  map[string]bool
	constants map[any]bool
	functions int
	regs      int
	vararg    bool
	line      int
	loops     int
}

// parser builds the interpreter's tree, as Lua 5.1 reads a source.
type parser struct {
	lexer
	lastLine int // of the token before
	ahead    *lexer
	levels   int
	work     int
	nodes    int
	sites    []site
	fs       *scope
	ops      bool              // the source uses .. or #
	values   map[ast.Expr]bool // names in parentheses: nothing is assigned to them
}

// parse reads a whole source.
func parse(source, chunk string) (stmts []ast.Stmt, sites []site, ops bool) {
	p := &parser{lexer: lexer{chunk: chunk, src: source, line: 1}, lastLine: 1, sites: make([]site, 1, 64), values: map[ast.Expr]bool{}}
	p.fs = &scope{upvalues: map[string]bool{}, constants: map[any]bool{}, vararg: true}
	p.fs.blocks = [][]string{{opsName, modName}}
	p.advance()
	body := p.chunk()
	p.check(tokEOF)
	if p.ops {
		var hidden []ast.Stmt
		for _, text := range []string{opsName, modName} {
			local := &ast.LocalAssignStmt{Names: []string{text}}
			p.mark(local, 0)
			hidden = append(hidden, local)
		}
		body = append(hidden, body...)
	}
	return body, p.sites, p.ops
}

func (p *parser) advance() {
	p.lastLine = p.line
	if p.ahead != nil {
		p.lexer, p.ahead = *p.ahead, nil
		return
	}
	p.next()
}

// following is the token after the current one.
func (p *parser) following() token {
	if p.ahead == nil {
		ahead := p.lexer
		ahead.next()
		p.ahead = &ahead
	}
	return p.ahead.tok
}

// near is the current token as errors show it.
func (p *parser) near() string {
	switch p.tok {
	case tokName, tokString, tokNumber:
		return p.raw
	}
	return p.tok.text()
}

func (p *parser) unexpected(text string) { p.fail(text, p.near()) }

func (p *parser) check(t token) {
	if p.tok != t {
		p.unexpected("'" + t.text() + "' expected")
	}
}

func (p *parser) accept(t token) bool {
	if p.tok != t {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expect(t token) {
	p.check(t)
	p.advance()
}

// expectMatch expects what ends that which began in a line.
func (p *parser) expectMatch(what, who token, line int) {
	if p.accept(what) {
		return
	}
	if line == p.line {
		p.check(what)
	}
	p.unexpected("'" + what.text() + "' expected (to close '" + who.text() + "' at line " + itoa(line) + ")")
}

func (p *parser) name() string {
	p.check(tokName)
	text := p.value
	p.advance()
	return text
}

func (p *parser) enter() {
	if p.levels++; p.levels > maxLevels {
		p.fail("chunk has too many syntax levels", "")
	}
}

// mark gives a node the place of a line.
func (p *parser) mark(node ast.PositionHolder, line int) {
	if p.nodes++; p.nodes > maxNodes {
		p.fail("not enough memory", "")
	}
	if last := p.sites[len(p.sites)-1]; last != (site{line: line}) {
		p.sites = append(p.sites, site{line: line})
	}
	node.SetLine(len(p.sites) - 1)
	node.SetLastLine(len(p.sites) - 1)
}

// markSite gives a node a place with the names of its operands.
func (p *parser) markSite(node ast.PositionHolder, line int, a, b name) {
	if a == (name{}) && b == (name{}) {
		p.mark(node, line)
		return
	}
	p.nodes++
	p.sites = append(p.sites, site{line, a, b})
	node.SetLine(len(p.sites) - 1)
	node.SetLastLine(len(p.sites) - 1)
}

// tooMany fails with one of Lua's limits.
func (fs *scope) tooMany(p *parser, limit int, what string) {
	where := "main function"
	if fs.line > 0 {
		where = "function at line " + itoa(fs.line)
	}
	p.fail(where+" has more than "+itoa(limit)+" "+what, "")
}

// constant counts a constant of the function: the compiler looks through all before it.
func (p *parser) constant(v any) {
	p.fs.constants[v] = true
	if p.work += len(p.fs.constants); p.work > maxWork || len(p.fs.constants) >= 1<<18-8 {
		p.fail("constant table overflow", "")
	}
}

// reserve takes registers for values that wait, and gives them back with a negative number.
func (p *parser) reserve(n int) {
	p.fs.regs += n
	if p.fs.regs+p.fs.active > maxRegisters {
		p.fail("function or expression too complex", p.near())
	}
}

func (p *parser) openBlock() { p.fs.blocks = append(p.fs.blocks, nil) }

func (p *parser) closeBlock() {
	last := len(p.fs.blocks) - 1
	p.fs.active -= len(p.fs.blocks[last])
	p.fs.blocks = p.fs.blocks[:last]
}

func (p *parser) declare(names ...string) {
	fs := p.fs
	last := len(fs.blocks) - 1
	fs.blocks[last] = append(fs.blocks[last], names...)
	if fs.active += len(names); fs.active > maxLocals {
		fs.tooMany(p, maxLocals+2, "local variables")
	}
}

func (fs *scope) has(text string) bool {
	for i := len(fs.blocks) - 1; i >= 0; i-- {
		for _, local := range fs.blocks[i] {
			if local == text {
				return true
			}
		}
	}
	return false
}

// resolve says what a name stands for, and counts it as an upvalue of the functions that pass it on.
func (p *parser) resolve(text string) name {
	if p.fs.has(text) {
		return name{"local", text}
	}
	for fs := p.fs.parent; fs != nil; fs = fs.parent {
		if !fs.has(text) {
			continue
		}
		for inner := p.fs; inner != fs; inner = inner.parent {
			inner.upvalues[text] = true
			if len(inner.upvalues) > maxUpvalues && text != opsName && text != modName {
				inner.tooMany(p, maxUpvalues, "upvalues")
			}
		}
		return name{"upvalue", text}
	}
	p.constant(text)
	return name{"global", text}
}

// body parses a function from its parameters on.
func (p *parser) body(method bool, line int) *ast.FunctionExpr {
	p.fs.functions++
	if p.fs.functions > maxFunctions {
		p.fail("constant table overflow", "")
	}
	fs := &scope{parent: p.fs, upvalues: map[string]bool{}, constants: map[any]bool{}, line: line}
	p.fs = fs
	p.openBlock()
	if method {
		p.declare("self")
	}
	fn := &ast.FunctionExpr{ParList: &ast.ParList{}}
	p.expect('(')
	for p.tok != ')' {
		if p.tok == tokDots {
			p.advance()
			fn.ParList.HasVargs, fs.vararg = true, true
			break
		}
		if p.tok != tokName {
			p.unexpected("<name> or '...' expected")
		}
		text := p.name()
		fn.ParList.Names = append(fn.ParList.Names, text)
		p.declare(text)
		if !p.accept(',') {
			break
		}
		if p.tok == ')' {
			p.unexpected("<name> or '...' expected")
		}
	}
	if fs.vararg {
		p.declare("arg")
	}
	p.expect(')')
	fn.Stmts = p.chunk()
	p.mark(fn, p.line)
	p.expectMatch(tokEnd, tokFunction, line)
	p.fs = fs.parent
	return fn
}

// compiled is what the interpreter makes of a tree, made fit to run.
func compiled(stmts []ast.Stmt, sites []site, ops bool, chunk string) (*lua.FunctionProto, error) {
	proto, err := lua.Compile(stmts, chunk)
	if err != nil {
		return nil, &textError{chunk + ":1: function or expression too complex", errSyntax}
	}
	table := make([]*lua.DbgLocalInfo, len(sites))
	for i, at := range sites {
		table[i] = &lua.DbgLocalInfo{StartPc: at.line, Name: encodeNames(at.a, at.b)}
	}
	if err := finish(proto, table); err != nil {
		return nil, &textError{chunk + ":1: " + err.Error(), errSyntax}
	}
	// A chunk has no local "arg" that a table would have to be made for.
	proto.IsVarArg &^= lua.VarArgNeedsArg
	if ops {
		// The declarations of the hidden locals become reads of the chunk's upvalues, which it has no others of.
		proto.DbgUpvalues = []string{opsName, modName}
		proto.NumUpvalues = uint8(len(proto.DbgUpvalues))
		for i := range proto.DbgUpvalues {
			proto.Code[i] = uint32(lua.OP_GETUPVAL)<<26 | uint32(i)<<18 | uint32(i)
		}
	}
	return proto, nil
}
