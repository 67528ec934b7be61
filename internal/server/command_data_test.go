package server

import (
	"strings"
	"testing"
)

// TestHandlersHaveFacts holds that the tables of handlers name commands only that
// commands/*.txt tells of, and that no entry there is left over.
func TestHandlersHaveFacts(t *testing.T) {
	known := map[string]bool{}
	for _, cmd := range commandFacts() {
		if known[cmd.Name] {
			t.Errorf("%s is told of twice", cmd.Name)
		}
		known[cmd.Name] = true
		if cmd.Arity == 0 || cmd.Since == "" || cmd.Summary == "" {
			t.Errorf("%s lacks its arity, its version or its summary", cmd.Name)
		}
		if parent, _, sub := strings.Cut(cmd.Name, "|"); sub && !known[parent] {
			t.Errorf("%s comes before %s", cmd.Name, parent)
		}
	}
	for name := range handlers {
		if !known[name] {
			t.Errorf("nothing is told of %s", name)
		}
	}
	for name := range keyFinders {
		if handlers[name] == nil {
			t.Errorf("%s finds keys and has no handler", name)
		}
	}
}

// TestParseCommandsRefuses takes entries that are not right.
func TestParseCommandsRefuses(t *testing.T) {
	for _, text := range []string{
		"\tarity 1",
		"x\n\tarity y",
		"x\n\tflags nosuch",
		"x\n\tacl nosuch",
		"x\n\tkey RO; index 1",
		"x\n\tkey RO; index a; range 0 1 0",
		"x\n\tkey RO; index 1; range 0",
		"x\n\tkey XX; index 1; range 0 1 0",
		"x\n\tnosuch fact",
		"x\n\targ name",
		"x\n\targ name nosuch",
		"x\n\targ name key key=x",
		"x\n\targ name key nosuch",
		"x\n\t\targ name key",
		"x\n\t\tsince 1",
	} {
		if _, err := parseCommands(text, "group"); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
