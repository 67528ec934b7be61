package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxLuaDepth is how deep a script's result may nest: Lua's stack is full then (LUAI_MAXCSTACK, four slots a level or so).
const maxLuaDepth = 2000

// maxReplied is how many values a result may have.
const maxReplied = 1 << 26

const errDepth = "ERR reached lua stack limit"

// clean makes one line of a text.
func clean(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
}

// reply writes a script's result.
func (s *state) reply(out Reply, v lua.LValue, deep int) {
	// A table that is part of itself many times over would make a reply without end.
	if s.replied++; deep > maxLuaDepth || s.replied > maxReplied {
		out.WriteError(errDepth)
		return
	}
	switch v := v.(type) {
	case lua.LString:
		out.WriteBulkString(string(v))
	case lua.LNumber:
		out.WriteInt(toInt64(float64(v)))
	case lua.LBool:
		switch {
		case s.resp == 3:
			out.WriteBool(bool(v))
		case bool(v):
			out.WriteInt(1)
		default:
			out.WriteNull()
		}
	case *lua.LTable:
		s.replyTable(out, s.behind(v), deep)
	default:
		out.WriteNull()
	}
}

// replyTable writes a table by what its fields say that it is. They are asked for in Redis's order.
func (s *state) replyTable(out Reply, t *lua.LTable, deep int) {
	if text, ok := t.RawGetString("err").(lua.LString); ok {
		if counted, ok := t.RawGetString("ignore_error_stats_update").(lua.LBool); ok && bool(counted) {
			out.WriteCountedError(string(text))
			return
		}
		out.WriteError(string(text))
		return
	}
	if text, ok := t.RawGetString("ok").(lua.LString); ok {
		out.WriteStatus(clean(cString(string(text))))
		return
	}
	if f, ok := t.RawGetString("double").(lua.LNumber); ok {
		out.WriteDouble(float64(f))
		return
	}
	if text, ok := t.RawGetString("big_number").(lua.LString); ok {
		out.WriteBigNumber(clean(string(text)))
		return
	}
	if s.replyVerbatim(out, t.RawGetString("verbatim_string")) {
		return
	}
	if m, ok := t.RawGetString("map").(*lua.LTable); ok {
		m = s.behind(m)
		out.WriteMap(count(m))
		for k, v := m.Next(lua.LNil); k != lua.LNil; k, v = m.Next(k) {
			s.reply(out, k, deep+1)
			s.reply(out, v, deep+1)
		}
		return
	}
	if m, ok := t.RawGetString("set").(*lua.LTable); ok {
		m = s.behind(m)
		out.WriteSet(count(m))
		for k, _ := m.Next(lua.LNil); k != lua.LNil; k, _ = m.Next(k) {
			s.reply(out, k, deep+1)
		}
		return
	}
	n := 0
	for t.RawGet(lua.LNumber(n+1)) != lua.LNil {
		n++
	}
	out.WriteArray(n)
	for i := 1; i <= n; i++ {
		s.reply(out, t.RawGet(lua.LNumber(i)), deep+1)
	}
}

func (s *state) replyVerbatim(out Reply, v lua.LValue) bool {
	t, ok := v.(*lua.LTable)
	if !ok {
		return false
	}
	t = s.behind(t)
	format, ok := t.RawGetString("format").(lua.LString)
	if !ok {
		return false
	}
	text, ok := t.RawGetString("string").(lua.LString)
	if !ok {
		return false
	}
	out.WriteVerbatim(string(format), []byte(text))
	return true
}

// count is the number of fields of a table.
func count(t *lua.LTable) int {
	n := 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n++
	}
	return n
}
