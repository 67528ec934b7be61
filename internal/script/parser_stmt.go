package script

import (
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// blockEnds tells whether the current token ends a block.
func (p *parser) blockEnds() bool {
	switch p.tok {
	case tokElse, tokElseif, tokEnd, tokEOF, tokUntil:
		return true
	}
	return false
}

// chunk parses statements up to the end of a block.
func (p *parser) chunk() []ast.Stmt {
	var stmts []ast.Stmt
	p.enter()
	for last := false; !last && !p.blockEnds(); {
		var stmt ast.Stmt
		stmt, last = p.statement()
		stmts = append(stmts, stmt)
		p.accept(';')
	}
	p.levels--
	return stmts
}

func (p *parser) block() []ast.Stmt {
	p.openBlock()
	stmts := p.chunk()
	p.closeBlock()
	return stmts
}

// statement parses one statement and tells whether it must be the last of its block.
func (p *parser) statement() (ast.Stmt, bool) {
	line := p.line
	switch p.tok {
	case tokIf:
		return p.ifStatement(line), false
	case tokWhile:
		p.advance()
		stmt := &ast.WhileStmt{Condition: p.condition(p.expr())}
		p.mark(stmt, line)
		p.expect(tokDo)
		stmt.Stmts = p.loop()
		p.expectMatch(tokEnd, tokWhile, line)
		return stmt, false
	case tokDo:
		p.advance()
		stmt := &ast.DoBlockStmt{Stmts: p.block()}
		p.mark(stmt, line)
		p.expectMatch(tokEnd, tokDo, line)
		return stmt, false
	case tokFor:
		return p.forStatement(line), false
	case tokRepeat:
		p.advance()
		p.openBlock()
		p.fs.loops++
		stmt := &ast.RepeatStmt{Stmts: p.started(p.chunk())}
		p.fs.loops--
		p.expectMatch(tokUntil, tokRepeat, line)
		stmt.Condition = p.condition(p.expr())
		p.mark(stmt, line)
		p.closeBlock()
		return stmt, false
	case tokFunction:
		return p.functionStatement(line), false
	case tokLocal:
		p.advance()
		if p.accept(tokFunction) {
			return p.localFunction(line), false
		}
		return p.local(line), false
	case tokReturn:
		return p.returnStatement(line), true
	case tokBreak:
		p.advance()
		if p.fs.loops == 0 {
			p.unexpected("no loop to break")
		}
		stmt := &ast.BreakStmt{}
		p.mark(stmt, line)
		return stmt, true
	}
	return p.exprStatement(line), false
}

// loop parses a loop's body.
func (p *parser) loop() []ast.Stmt {
	p.fs.loops++
	stmts := p.started(p.block())
	p.fs.loops--
	return stmts
}

// started keeps a loop's body from beginning with a jump. Where a jump goes to another, the interpreter's compiler takes the way on
// from there, and misreads a jump that lies before.
func (p *parser) started(stmts []ast.Stmt) []ast.Stmt {
	if len(stmts) == 0 {
		return stmts
	}
	switch stmts[0].(type) {
	case *ast.BreakStmt, *ast.DoBlockStmt, *ast.WhileStmt, *ast.RepeatStmt:
	default:
		return stmts
	}
	nothing := &ast.DoBlockStmt{Stmts: []ast.Stmt{&ast.LocalAssignStmt{Names: []string{"(nothing)"}}}}
	p.mark(nothing, p.lastLine)
	p.mark(nothing.Stmts[0], p.lastLine)
	return append([]ast.Stmt{nothing}, stmts...)
}

// condition keeps a condition from being compiled to nothing but a jump, for the same reason: what is always false becomes a
// comparison that is.
func (p *parser) condition(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FalseExpr, *ast.NilExpr:
		return p.always(false)
	case *ast.UnaryNotOpExpr:
		e.Expr = p.condition(e.Expr)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = p.condition(e.Lhs), p.condition(e.Rhs)
	}
	return e
}

func (p *parser) ifStatement(line int) ast.Stmt {
	p.advance()
	first := &ast.IfStmt{}
	last := first
	for n := 0; ; n++ {
		if n > maxElseifs {
			p.fail("control structure too long", p.near())
		}
		last.Condition = p.condition(p.expr())
		p.mark(last, p.lastLine)
		p.expect(tokThen)
		last.Then = p.block()
		if p.tok != tokElseif {
			break
		}
		p.advance()
		next := &ast.IfStmt{}
		last.Else = []ast.Stmt{next}
		last = next
	}
	if p.accept(tokElse) {
		last.Else = p.block()
	}
	p.expectMatch(tokEnd, tokIf, line)
	return first
}

func (p *parser) forStatement(line int) ast.Stmt {
	p.advance()
	p.openBlock()
	first := p.name()
	var stmt ast.Stmt
	switch p.tok {
	case '=':
		stmt = p.numericFor(first, line)
	case ',', tokIn:
		stmt = p.genericFor(first, line)
	default:
		p.unexpected("'=' or 'in' expected")
	}
	p.closeBlock()
	return stmt
}

func (p *parser) numericFor(index string, line int) ast.Stmt {
	stmt := &ast.NumberForStmt{Name: index}
	p.advance()
	stmt.Init = p.expr()
	p.expect(',')
	stmt.Limit = p.expr()
	if p.accept(',') {
		stmt.Step = p.expr()
	} else {
		p.constant(1.0)
	}
	p.mark(stmt, line)
	p.declare("(for index)", "(for limit)", "(for step)")
	p.expect(tokDo)
	p.declare(index)
	stmt.Stmts = p.loop()
	p.expectMatch(tokEnd, tokFor, line)
	return stmt
}

func (p *parser) genericFor(first string, line int) ast.Stmt {
	stmt := &ast.GenericForStmt{Names: []string{first}}
	for p.accept(',') {
		stmt.Names = append(stmt.Names, p.name())
	}
	p.expect(tokIn)
	stmt.Exprs = p.exprs()
	p.reserve(-len(stmt.Exprs))
	p.mark(stmt, line)
	p.declare("(for generator)", "(for state)", "(for control)")
	p.expect(tokDo)
	p.declare(stmt.Names...)
	stmt.Stmts = p.loop()
	p.expectMatch(tokEnd, tokFor, line)
	return stmt
}

func (p *parser) functionStatement(line int) ast.Stmt {
	p.advance()
	stmt := &ast.FuncDefStmt{Name: &ast.FuncName{}}
	target := p.ident(p.name(), p.lastLine)
	for p.tok == '.' {
		p.advance()
		target = p.field(target, p.name())
	}
	method := p.tok == ':'
	if method {
		p.advance()
		stmt.Name.Receiver, stmt.Name.Method = target, p.name()
		p.constant(stmt.Name.Method)
		// The interpreter stores the method at its receiver's place: that names the receiver as what is indexed.
		p.markSite(target, line, p.nameOf(target), name{})
	} else {
		stmt.Name.Func = target
	}
	stmt.Func = p.body(method, line)
	p.mark(stmt, line)
	return stmt
}

func (p *parser) localFunction(line int) ast.Stmt {
	text := p.name()
	p.declare(text)
	stmt := &ast.LocalAssignStmt{Names: []string{text}, Exprs: []ast.Expr{p.body(false, line)}}
	p.mark(stmt, line)
	return stmt
}

func (p *parser) local(line int) ast.Stmt {
	stmt := &ast.LocalAssignStmt{}
	for {
		stmt.Names = append(stmt.Names, p.name())
		if len(stmt.Names) > maxLocals {
			p.fs.tooMany(p, maxLocals+2, "local variables")
		}
		if !p.accept(',') {
			break
		}
	}
	from := p.start
	if p.accept('=') {
		stmt.Exprs = p.exprs()
		p.reserve(-len(stmt.Exprs))
	}
	p.mark(stmt, line)
	if fn, ok := onlyFunction(stmt); ok && strings.Contains(p.src[from:p.start], stmt.Names[0]) {
		// The interpreter's compiler declares the name before the function, as for "local function f": then the function
		// would mean itself by it. An expression of another kind keeps it from that.
		never := &ast.FalseExpr{}
		p.mark(never, line)
		stmt.Exprs[0] = &ast.LogicalOpExpr{Operator: "or", Lhs: fn, Rhs: never}
		p.mark(stmt.Exprs[0], line)
	}
	p.declare(stmt.Names...)
	return stmt
}

// onlyFunction is the function of "local f = function … end".
func onlyFunction(stmt *ast.LocalAssignStmt) (ast.Expr, bool) {
	if len(stmt.Names) != 1 || len(stmt.Exprs) != 1 {
		return nil, false
	}
	fn, ok := stmt.Exprs[0].(*ast.FunctionExpr)
	return fn, ok
}

func (p *parser) returnStatement(line int) ast.Stmt {
	p.advance()
	stmt := &ast.ReturnStmt{}
	if !p.blockEnds() && p.tok != ';' {
		stmt.Exprs = p.exprs()
		p.reserve(-len(stmt.Exprs))
	}
	p.mark(stmt, line)
	return stmt
}

// exprStatement parses a call or an assignment.
func (p *parser) exprStatement(line int) ast.Stmt {
	first, isCall := p.primary()
	if isCall {
		stmt := &ast.FuncCallStmt{Expr: first}
		p.mark(stmt, line)
		return stmt
	}
	stmt := &ast.AssignStmt{Lhs: []ast.Expr{first}}
	regs := 0
	for {
		target := stmt.Lhs[len(stmt.Lhs)-1]
		switch target.(type) {
		case *ast.IdentExpr, *ast.AttrGetExpr:
			if !p.values[target] {
				break
			}
			p.unexpected("syntax error")
		default:
			p.unexpected("syntax error")
		}
		p.reserve(2)
		regs += 2
		if !p.accept(',') {
			break
		}
		next, isCall := p.primary()
		if isCall {
			p.unexpected("syntax error")
		}
		stmt.Lhs = append(stmt.Lhs, next)
	}
	p.expect('=')
	stmt.Rhs = p.exprs()
	p.reserve(len(stmt.Lhs))
	p.reserve(-regs - len(stmt.Rhs) - len(stmt.Lhs))
	for _, target := range stmt.Lhs {
		at := p.sites[target.Line()]
		p.markSite(target, p.lastLine, at.a, at.b)
	}
	p.mark(stmt, line)
	if len(stmt.Lhs) == 1 && len(stmt.Rhs) == 1 {
		// An assignment takes one value anyway, and a call in parentheses is compiled wrong where a parameter is assigned to.
		if call, ok := stmt.Rhs[0].(*ast.FuncCallExpr); ok {
			call.AdjustRet = false
		}
		if !p.logicToLocal(stmt) {
			return stmt
		}
	}
	return p.spread(stmt)
}

// logicToLocal tells whether the result of "and" or "or" goes to a local: the interpreter's compiler forgets to store what the
// left operand decides.
func (p *parser) logicToLocal(stmt *ast.AssignStmt) bool {
	_, logic := stmt.Rhs[0].(*ast.LogicalOpExpr)
	target, ident := stmt.Lhs[0].(*ast.IdentExpr)
	return logic && ident && p.fs.has(target.Value)
}

// spread makes single assignments of a multiple one. The interpreter's compiler stores the first value before it evaluates the
// second, so that "a, b = b, a" loses one. Lua evaluates all first and stores the last first.
func (p *parser) spread(stmt *ast.AssignStmt) ast.Stmt {
	block := &ast.DoBlockStmt{}
	p.mark(block, p.lastLine)
	hide := func(prefix string, i int, value ast.Expr) ast.Expr {
		local := &ast.LocalAssignStmt{Names: []string{prefix + itoa(i) + ")"}, Exprs: []ast.Expr{value}}
		p.mark(local, p.lastLine)
		block.Stmts = append(block.Stmts, local)
		return p.hidden(local.Names[0])
	}
	values := &ast.LocalAssignStmt{Exprs: stmt.Rhs}
	p.mark(values, p.lastLine)
	for i, target := range stmt.Lhs {
		values.Names = append(values.Names, "(value "+itoa(i)+")")
		index, ok := target.(*ast.AttrGetExpr)
		if !ok {
			continue
		}
		index.Object = hide("(table ", i, index.Object)
		if _, ok := index.Key.(ast.ConstExpr); !ok {
			index.Key = hide("(key ", i, index.Key)
		}
	}
	block.Stmts = append(block.Stmts, values)
	for i := len(stmt.Lhs) - 1; i >= 0; i-- {
		store := &ast.AssignStmt{Lhs: stmt.Lhs[i : i+1], Rhs: []ast.Expr{p.hidden(values.Names[i])}}
		p.mark(store, p.lastLine)
		block.Stmts = append(block.Stmts, store)
	}
	return block
}

// hidden is a local that no source can name.
func (p *parser) hidden(text string) ast.Expr {
	e := &ast.IdentExpr{Value: text}
	p.mark(e, p.lastLine)
	return e
}

// always is a comparison that is always true, or always false.
func (p *parser) always(is bool) ast.Expr {
	p.constant(1.0)
	p.constant(2.0)
	one, other := &ast.NumberExpr{Value: "1"}, &ast.NumberExpr{Value: "2"}
	if is {
		other.Value = "1"
	}
	e := &ast.RelationalOpExpr{Operator: "==", Lhs: one, Rhs: other}
	for _, node := range []ast.Expr{one, other, e} {
		p.mark(node, p.lastLine)
	}
	return e
}

// decided replaces a left operand of "and" or "or" that is a constant, where the compiler would make a mere jump of it.
func (p *parser) decided(op token, e ast.Expr) ast.Expr {
	switch e.(type) {
	case *ast.FalseExpr:
		return p.always(false)
	case *ast.TrueExpr:
		return p.always(true)
	case *ast.NilExpr:
		if op == tokOr {
			return p.always(false)
		}
	case *ast.NumberExpr, *ast.StringExpr:
		if op == tokAnd {
			return p.always(true)
		}
	}
	return e
}
