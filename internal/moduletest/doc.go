// Package moduletest tests modules from outside: it builds the server and the
// modules, loads them over the wire, and talks to them as a client does. It
// holds tests only. The sessions in testdata/sessions/modules are scripts whose
// notation session_test.go explains; testdata/modules has the modules that are
// good for tests alone.
package moduletest
