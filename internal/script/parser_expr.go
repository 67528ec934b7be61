package script

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// exprs parses a list of expressions, whose registers the caller gives back.
func (p *parser) exprs() []ast.Expr {
	list := []ast.Expr{p.expr()}
	p.reserve(1)
	for p.accept(',') {
		list = append(list, p.expr())
		p.reserve(1)
	}
	return list
}

func (p *parser) expr() ast.Expr { return p.subexpr(0) }

// priorities of the binary operators, to the left and to the right.
var priorities = map[token][2]int{
	'+': {6, 6}, '-': {6, 6}, '*': {7, 7}, '/': {7, 7}, '%': {7, 7},
	'^': {10, 9}, tokConcat: {5, 4},
	tokNE: {3, 3}, tokEq: {3, 3}, '<': {3, 3}, tokLE: {3, 3}, '>': {3, 3}, tokGE: {3, 3},
	tokAnd: {2, 2}, tokOr: {1, 1},
}

const unaryPriority = 8

// subexpr parses an expression whose binary operators bind tighter than limit.
func (p *parser) subexpr(limit int) ast.Expr {
	p.enter()
	var e ast.Expr
	switch p.tok {
	case tokNot:
		p.advance()
		e = &ast.UnaryNotOpExpr{Expr: p.subexpr(unaryPriority)}
		p.mark(e, p.lastLine)
	case '-':
		p.advance()
		operand := p.subexpr(unaryPriority)
		e = &ast.UnaryMinusOpExpr{Expr: operand}
		p.markSite(e, p.lastLine, p.nameOf(operand), name{})
	case '#':
		p.advance()
		operand := p.subexpr(unaryPriority)
		e = p.operator(p.lastLine, p.nameOf(operand), name{}, operand)
	default:
		e = p.simple()
	}
	for n := 0; ; n++ {
		op := p.tok
		priority, ok := priorities[op]
		if !ok || priority[0] <= limit {
			break
		}
		if n > maxChain && (op != tokAnd && op != tokOr || n > 10*maxChain) {
			p.fail("function or expression too complex", p.near())
		}
		p.advance()
		p.reserve(1)
		rhs := p.subexpr(priority[1])
		p.reserve(-1)
		// Lua makes the instruction when it has read both operands: that is the line which errors name.
		e = p.binary(op, p.lastLine, e, rhs)
	}
	p.levels--
	return e
}

func (p *parser) binary(op token, line int, lhs, rhs ast.Expr) ast.Expr {
	var e ast.Expr
	switch op {
	case tokAnd, tokOr:
		e = &ast.LogicalOpExpr{Operator: op.text(), Lhs: p.decided(op, lhs), Rhs: rhs}
	case tokNE, tokEq, '<', tokLE, '>', tokGE:
		e = &ast.RelationalOpExpr{Operator: op.text(), Lhs: lhs, Rhs: rhs}
	case tokConcat:
		return p.concat(line, lhs, rhs)
	case '%':
		// The interpreter's remainder is exact where Lua's is a - floor(a/b)*b.
		return p.operate(modName, line, p.nameOf(lhs), p.nameOf(rhs), lhs, rhs)
	default:
		e = &ast.ArithmeticOpExpr{Operator: op.text(), Lhs: lhs, Rhs: rhs}
		p.markSite(e, line, p.nameOf(lhs), p.nameOf(rhs))
		return e
	}
	p.mark(e, line)
	return e
}

// operator makes a call of the function for .. and #, which the interpreter's instructions do otherwise than Lua: they write numbers
// with other digits, ask tables for __len, and make texts of any length.
func (p *parser) operator(line int, a, b name, operands ...ast.Expr) ast.Expr {
	return p.operate(opsName, line, a, b, operands...)
}

// operate makes a call of one of the hidden functions.
func (p *parser) operate(function string, line int, a, b name, operands ...ast.Expr) ast.Expr {
	p.ops = true
	p.resolve(function)
	for _, operand := range operands {
		single(operand)
	}
	fn := &ast.IdentExpr{Value: function}
	p.mark(fn, line)
	// A parenthesized call has one result and is never a tail call.
	call := &ast.FuncCallExpr{Func: fn, Args: operands, AdjustRet: true}
	p.markSite(call, line, a, b)
	return call
}

// concat joins lhs to a concatenation: a .. (b .. c) is one call with three operands.
func (p *parser) concat(line int, lhs, rhs ast.Expr) ast.Expr {
	operands := []ast.Expr{lhs}
	names := p.nameOf(lhs)
	if call, ok := p.chain(rhs); ok {
		operands = append(operands, call.Args...)
	} else {
		operands = append(operands, rhs)
	}
	p.reserve(len(operands) + 1)
	p.reserve(-len(operands) - 1)
	list := name{kind: concatKind, text: ""}
	for _, operand := range operands {
		names = p.nameOf(operand)
		list.text += names.kind + "\x01" + names.text + "\x02"
	}
	return p.operator(line, list, name{}, operands...)
}

// concatKind marks the names of a concatenation's operands, which are many.
const concatKind = "concat"

// chain is the concatenation that e is, when it was made by concat and not written in parentheses.
func (p *parser) chain(e ast.Expr) (*ast.FuncCallExpr, bool) {
	call, ok := e.(*ast.FuncCallExpr)
	if !ok || call.Line() >= len(p.sites) || p.sites[call.Line()].a.kind != concatKind {
		return nil, false
	}
	return call, true
}

func (p *parser) simple() ast.Expr {
	line := p.line
	var e ast.Expr
	switch p.tok {
	case tokNumber:
		p.constant(p.num)
		e = &ast.NumberExpr{Value: strconv.FormatFloat(p.num, 'g', -1, 64)}
	case tokString:
		p.constant(p.value)
		e = &ast.StringExpr{Value: p.value}
	case tokNil:
		e = &ast.NilExpr{}
	case tokTrue:
		e = &ast.TrueExpr{}
	case tokFalse:
		e = &ast.FalseExpr{}
	case tokDots:
		if !p.fs.vararg {
			p.unexpected("cannot use '...' outside a vararg function")
		}
		e = &ast.Comma3Expr{}
	case '{':
		return p.table()
	case tokFunction:
		p.advance()
		return p.body(false, line)
	default:
		e, _ := p.primary()
		return e
	}
	p.mark(e, line)
	p.advance()
	return e
}

func (p *parser) ident(text string, line int) ast.Expr {
	p.resolve(text)
	e := &ast.IdentExpr{Value: text}
	p.mark(e, line)
	return e
}

func (p *parser) field(object ast.Expr, key string) ast.Expr {
	p.constant(key)
	k := &ast.StringExpr{Value: key}
	p.mark(k, p.lastLine)
	e := &ast.AttrGetExpr{Object: object, Key: k}
	p.markSite(e, p.lastLine, p.nameOf(object), name{})
	return e
}

// primary parses a name or parenthesized expression with what is indexed and called behind it.
func (p *parser) primary() (e ast.Expr, isCall bool) {
	line := p.line
	switch p.tok {
	case tokName:
		e = p.ident(p.name(), line)
	case '(':
		p.advance()
		e = p.parenthesized(p.expr())
		p.expectMatch(')', '(', line)
	default:
		p.unexpected("unexpected symbol")
	}
	for n := 0; ; n++ {
		if n > 10*maxChain {
			p.fail("function or expression too complex", p.near())
		}
		switch p.tok {
		case '.':
			p.advance()
			e, isCall = p.field(e, p.name()), false
		case '[':
			p.advance()
			p.reserve(1)
			key := p.expr()
			p.reserve(-1)
			p.expect(']')
			index := &ast.AttrGetExpr{Object: e, Key: key}
			p.markSite(index, p.lastLine, p.nameOf(e), name{})
			e, isCall = index, false
		case ':':
			p.advance()
			method := p.name()
			p.constant(method)
			receiver := p.nameOf(e)
			call := &ast.FuncCallExpr{Receiver: e, Method: method}
			line := p.line
			call.Args = p.args()
			p.markSite(call, line, name{"method", method}, receiver)
			e, isCall = call, true
		case '(', tokString, '{':
			called := p.nameOf(e)
			call := &ast.FuncCallExpr{Func: e}
			line := p.line
			call.Args = p.args()
			p.markSite(call, line, called, name{})
			e, isCall = call, true
		default:
			return e, isCall
		}
	}
}

// parenthesized makes a single value of an expression, which cannot be assigned to nor joined to a concatenation any more.
func (p *parser) parenthesized(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.Comma3Expr:
		e.AdjustRet = true
	case *ast.FuncCallExpr:
		e.AdjustRet = true
		if _, ok := p.chain(e); ok {
			at := p.sites[e.Line()]
			p.sites = append(p.sites, site{at.line, name{kind: "(" + concatKind, text: at.a.text}, name{}})
			e.SetLine(len(p.sites) - 1)
		}
	case *ast.IdentExpr, *ast.AttrGetExpr:
		p.values[e] = true
	}
	return e
}

func (p *parser) args() []ast.Expr {
	line := p.line
	switch p.tok {
	case tokString, '{':
		return []ast.Expr{p.simple()}
	case '(':
	default:
		p.unexpected("function arguments expected")
	}
	if line != p.lastLine {
		p.unexpected("ambiguous syntax (function call x new statement)")
	}
	p.advance()
	if p.accept(')') {
		return nil
	}
	p.reserve(2)
	list := p.exprs()
	p.reserve(-len(list) - 2)
	p.expectMatch(')', '(', line)
	return list
}

// fieldsPerFlush is how many items of a table constructor wait in registers.
const fieldsPerFlush = 50

func (p *parser) table() ast.Expr {
	line := p.line
	t := &ast.TableExpr{}
	p.expect('{')
	p.reserve(3)
	waiting := 0
	for p.tok != '}' {
		f := &ast.Field{}
		switch {
		case p.tok == tokName && p.following() == '=':
			p.constant(p.value)
			f.Key = &ast.StringExpr{Value: p.value}
			p.mark(f.Key, p.line)
			p.advance()
			p.advance()
		case p.tok == '[':
			p.advance()
			f.Key = p.expr()
			p.expect(']')
			p.expect('=')
		}
		f.Value = p.expr()
		if f.Key == nil {
			p.reserve(1)
			if waiting++; waiting == fieldsPerFlush {
				p.reserve(-waiting)
				waiting = 0
			}
		}
		t.Fields = append(t.Fields, f)
		if !p.accept(',') && !p.accept(';') {
			break
		}
	}
	p.reserve(-waiting - 3)
	p.expectMatch('}', '{', line)
	p.mark(t, line)
	return p.mendTable(t, line)
}

// maxItems is how many items of a constructor the interpreter's compiler counts right.
const maxItems = 510 * fieldsPerFlush

// mendTable gives a constructor a form that the interpreter's compiler makes right code of. It takes the last field's call for one
// with many results even where it has a key, stores the items that wait a second time when a field with a key follows a full batch,
// and miscounts batches beyond 511.
func (p *parser) mendTable(t *ast.TableExpr, line int) ast.Expr {
	items, keys, afterBatch := 0, 0, false
	for _, f := range t.Fields {
		if f.Key == nil {
			items++
			continue
		}
		keys++
		single(f.Value)
		afterBatch = afterBatch || items > 0 && items%fieldsPerFlush == 0
	}
	switch {
	case items <= maxItems && !afterBatch:
		return t
	case keys == 0:
		return p.splitTable(t, line)
	}
	last := t.Fields[len(t.Fields)-1]
	if items > maxItems || last.Key == nil && manyResults(last.Value) {
		p.fail("function or expression too complex", p.near())
	}
	i := 0
	for _, f := range t.Fields {
		if f.Key == nil {
			i++
			p.constant(float64(i))
			f.Key = &ast.NumberExpr{Value: itoa(i)}
			p.mark(f.Key, line)
		}
	}
	return t
}

// splitTable makes several constructors of a long one, and a call of the operators' function that joins them.
func (p *parser) splitTable(t *ast.TableExpr, line int) ast.Expr {
	mark := &ast.FalseExpr{}
	p.mark(mark, line)
	parts := []ast.Expr{mark}
	for rest := t.Fields; len(rest) > 0; {
		n := min(maxItems, len(rest))
		part := &ast.TableExpr{Fields: rest[:n:n]}
		p.mark(part, line)
		if rest = rest[n:]; len(rest) > 0 {
			single(part.Fields[n-1].Value)
		}
		parts = append(parts, part)
		p.reserve(1)
	}
	p.reserve(1 - len(parts))
	return p.operator(line, name{}, name{}, parts...)
}

// manyResults tells whether an expression can have more than one value.
func manyResults(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

// single makes an expression have one value.
func single(e ast.Expr) {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
}

// nameOf is what an operand is called in errors; most have no name.
func (p *parser) nameOf(e ast.Expr) name {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return p.resolve(e.Value)
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return name{"field", key.Value}
		}
		return name{"field", "?"}
	}
	return name{}
}
