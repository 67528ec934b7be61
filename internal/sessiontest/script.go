package sessiontest

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"berth/internal/config"
)

// ErrScript is returned for a text that is no script.
var ErrScript = errors.New("sessiontest: malformed script")

// Script is one parsed file.
type Script struct {
	// Path is the file it was read from.
	Path string
	// Server are the directives to start the servers with.
	Server []string
	// TCP says that the script uses the port.
	TCP bool
	// Only72 says that it is not for the oracle.
	Only72 bool
	// Steps are what it does, in order.
	Steps []Step

	lines []string
}

// Act is what a step does.
type Act byte

// The acts: run a command, read a reply, or carry out a directive.
const (
	Run  Act = '>'
	Poll Act = '?'
	Read Act = '<'
	Do   Act = '!'
)

// Step is one command or directive with its expected reply.
type Step struct {
	// Line is where it is, counted from 1.
	Line int
	// Act is what to do.
	Act Act
	// Conn names the connection, "" the main one.
	Conn string
	// Args are the words of the command or directive.
	Args []string
	// Want is the expected reply.
	Want []string
	// Want72 is what berth replies where that differs from the oracle.
	Want72 []string

	// from and to are the lines of Want in the file.
	from, to int
}

var (
	commandLine = regexp.MustCompile(`^([a-z][a-z0-9]*)?([>?<])(?: (.*))?$`)
	note72      = "# 7.2:"
)

// Load reads a script file.
func Load(path string) (*Script, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	s.Path = path
	return s, nil
}

// Parse reads a script. Errors begin with the number of the line.
func Parse(text string) (*Script, error) {
	s := &Script{lines: strings.Split(text, "\n")}
	var open *Step // whose reply the lines are
	for i, line := range s.lines {
		bad := func(format string, args ...any) error {
			return fmt.Errorf("%d: %w: %s", i+1, ErrScript, fmt.Sprintf(format, args...))
		}
		m := commandLine.FindStringSubmatch(line)
		switch {
		case line == "":
			open = nil
		case strings.HasPrefix(line, note72):
			if open == nil {
				return nil, bad("a note without a reply")
			}
			open.Want72 = append(open.Want72, strings.TrimPrefix(strings.TrimPrefix(line, note72), " "))
		case line[0] == '#':
			open = nil
		case line[0] == '!':
			open = nil
			step, err := s.directive(i+1, line[1:])
			if err != nil {
				return nil, bad("%v", err)
			}
			if step != nil {
				s.Steps = append(s.Steps, *step)
			}
		case m != nil:
			args, err := config.Split(m[3])
			if err != nil || (m[2] == "<") != (len(args) == 0) {
				return nil, bad("not a command: %s", line)
			}
			s.TCP = s.TCP || strings.Contains(line, "$PORT")
			s.Steps = append(s.Steps, Step{Line: i + 1, Act: Act(m[2][0]), Conn: m[1], Args: args, from: i + 1, to: i + 1})
			open = &s.Steps[len(s.Steps)-1]
		case open == nil || open.Want72 != nil:
			return nil, bad("a reply without a command: %s", line)
		default:
			open.Want = append(open.Want, line)
			open.to = i + 1
		}
	}
	return s, s.check()
}

// directive reads a line that begins with an exclamation mark. It gives no step
// when the script as a whole is meant.
func (s *Script) directive(line int, text string) (*Step, error) {
	args, err := config.Split(text)
	if err != nil || len(args) == 0 {
		return nil, fmt.Errorf("not a directive: !%s", text)
	}
	n := len(args) - 1
	switch args[0] {
	case "server", "only":
		if len(s.Steps) > 0 {
			return nil, fmt.Errorf("!%s after a command", args[0])
		}
		if args[0] == "server" {
			s.Server = append(s.Server, args[1:]...)
			return nil, nil
		}
		if n != 1 || args[1] != "7.2" {
			return nil, errors.New("!only 7.2 is all that can be said")
		}
		s.Only72 = true
		return nil, nil
	case "loadmodule":
		if n < 1 {
			return nil, errors.New("!loadmodule without a path")
		}
	case "resp", "send":
		if n < 1 || n > 2 {
			return nil, fmt.Errorf("!%s with %d arguments", args[0], n)
		}
	case "close":
		if n > 1 {
			return nil, errors.New("!close closes one connection")
		}
	case "sleep":
		if n != 1 {
			return nil, errors.New("!sleep wants a duration")
		}
	default:
		return nil, fmt.Errorf("unknown directive !%s", args[0])
	}
	return &Step{Line: line, Act: Do, Args: args}, nil
}

// check looks for commands whose reply nobody wrote, unless there is none in
// the whole script: then it is new and waits for -rewrite.
func (s *Script) check() error {
	for _, step := range s.Steps {
		for _, want := range append(step.Want[:len(step.Want):len(step.Want)], step.Want72...) {
			if pattern, ok := strings.CutPrefix(want, "~ "); ok {
				if _, err := regexp.Compile(pattern); err != nil {
					return fmt.Errorf("%d: %w: %w", step.Line, ErrScript, err)
				}
			}
		}
	}
	return nil
}

// Rewrite gives the script's text with other replies. A step that is not in the
// map stays as it is.
func (s *Script) Rewrite(replies map[int][]string) string {
	var out []string
	at := 0
	for i, step := range s.Steps {
		lines, ok := replies[i]
		if !ok {
			continue
		}
		out = append(out, s.lines[at:step.from]...)
		out = append(out, lines...)
		at = step.to
	}
	return strings.Join(append(out, s.lines[at:]...), "\n")
}
