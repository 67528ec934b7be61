package server

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"berth/internal/config"
)

// maxBind is the most addresses to listen on.
const maxBind = 16

// one wraps a line that a rewrite always writes.
func one(text string) []config.RewriteLine {
	return []config.RewriteLine{{Text: text, Force: true}}
}

// cInt reads a number as C's strtoll does, to the end of s.
func cInt(s string) (int64, bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(strings.TrimLeft(s, " \t\n\v\f\r"), 10, 64)
	return n, err == nil
}

// bindValue is the list of addresses; an empty argument empties it.
func bindValue(p *[]string) *config.Special {
	def := []string{"*", "-::*"}
	*p = def
	return &config.Special{
		OnSet: func(args []string) (bool, error) {
			if len(args) > maxBind {
				return false, errors.New("Too many bind addresses specified.")
			}
			if len(args) == 1 && args[0] == "" {
				args = nil
			}
			*p = slices.Clone(args)
			return true, nil
		},
		OnGet: func() string { return strings.Join(*p, " ") },
		OnLines: func() []config.RewriteLine {
			switch {
			case slices.Equal(*p, def):
				return nil
			case len(*p) == 0:
				return one(`""`)
			}
			return one(strings.Join(*p, " "))
		},
	}
}

// dirValue is the working directory, which it changes at once: what the file
// says after it is relative to it.
func dirValue() *config.Special {
	cwd := func() string {
		dir, err := os.Getwd()
		if err != nil {
			return ""
		}
		return dir
	}
	return &config.Special{
		OnSet: func(args []string) (bool, error) {
			if err := os.Chdir(args[0]); err != nil {
				return false, errors.New(config.SysText(err))
			}
			return true, nil
		},
		OnGet:   cwd,
		OnLines: func() []config.RewriteLine { return one(config.Quote(cwd())) },
	}
}

// defaultSavePoints are those in force when the file names none.
func defaultSavePoints() []SavePoint {
	return []SavePoint{{3600, 1}, {300, 100}, {60, 10000}}
}

// saveValue is the list of save points. In a file the first line replaces the
// defaults and each further one adds to it.
func (c *Config) saveValue() *config.Special {
	points := &c.Values.SavePoints
	texts := func() []string {
		var list []string
		for _, p := range *points {
			list = append(list, fmt.Sprintf("%d %d", p.Seconds, p.Changes))
		}
		return list
	}
	return &config.Special{
		OnSet: func(args []string) (bool, error) {
			clear := len(args) == 1 && args[0] == ""
			if clear {
				args = nil
			}
			add, err := parseSavePoints(args)
			if err != nil {
				return false, err
			}
			if clear || c.started() || !c.savesSet {
				*points = nil
			}
			c.savesSet = true
			*points = append(*points, add...)
			return true, nil
		},
		OnGet: func() string { return strings.Join(texts(), " ") },
		OnLines: func() []config.RewriteLine {
			if len(*points) == 0 {
				return one(`""`)
			}
			var lines []config.RewriteLine
			for _, text := range texts() {
				lines = append(lines, one(text)...)
			}
			return lines
		},
	}
}

// parseSavePoints reads pairs of seconds and changes.
func parseSavePoints(args []string) ([]SavePoint, error) {
	bad := errors.New("Invalid save parameters")
	if len(args)%2 != 0 {
		return nil, bad
	}
	var list []SavePoint
	for i := 0; i < len(args); i += 2 {
		seconds, ok1 := cInt(args[i])
		changes, ok2 := cInt(args[i+1])
		if !ok1 || !ok2 || seconds < 1 || changes < 0 {
			return nil, bad
		}
		list = append(list, SavePoint{seconds, int(changes)})
	}
	return list, nil
}

// outputLimitsValue is the limits of all classes: "class hard soft seconds" for
// each class that shall change.
func outputLimitsValue(p *[ClassCount]OutputLimit) *config.Special {
	def := DefaultSettings().OutputLimits
	*p = def
	line := func(i int, number func(uint64) string) string {
		l := p[i]
		return fmt.Sprintf("%s %s %d", number(uint64(l.Hard)), number(uint64(l.Soft)), l.SoftSeconds)
	}
	decimal := func(n uint64) string { return strconv.FormatUint(n, 10) }
	return &config.Special{
		OnSet: func(args []string) (bool, error) {
			limits, err := parseOutputLimits(*p, args)
			if err != nil {
				return false, err
			}
			*p = limits
			return true, nil
		},
		OnGet: func() string {
			names := []string{"normal", "slave", "pubsub"} // Redis shows the old name
			for i, name := range names {
				names[i] = name + " " + line(i, decimal)
			}
			return strings.Join(names, " ")
		},
		OnLines: func() []config.RewriteLine {
			var lines []config.RewriteLine
			for i := range p {
				text := ClassNames[i] + " " + line(i, config.FormatMemory)
				lines = append(lines, config.RewriteLine{Text: text, Force: p[i] != def[i]})
			}
			return lines
		},
	}
}

// parseOutputLimits changes those of limits that args name.
func parseOutputLimits(limits [ClassCount]OutputLimit, args []string) ([ClassCount]OutputLimit, error) {
	if len(args)%4 != 0 {
		return limits, errors.New("Wrong number of arguments in buffer limit configuration.")
	}
	for ; len(args) > 0; args = args[4:] {
		name := strings.ToLower(args[0])
		if name == "slave" {
			name = "replica"
		}
		class := slices.Index(ClassNames[:ClassCount], name)
		if class < 0 {
			return limits, errors.New("Invalid client class specified in buffer limit configuration.")
		}
		hard, ok1 := config.ParseMemory(args[1])
		soft, ok2 := config.ParseMemory(args[2])
		seconds, ok3 := cInt(args[3])
		if !ok1 || !ok2 || !ok3 || seconds < 0 {
			return limits, errors.New("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
		}
		limits[class] = OutputLimit{Hard: int64(hard), Soft: int64(soft), SoftSeconds: seconds}
	}
	return limits, nil
}

// oomScoresValue is three numbers: master, replica, child.
func oomScoresValue(s *Server, p *[3]int) *config.Special {
	def := *p
	get := func() string { return fmt.Sprintf("%d %d %d", p[0], p[1], p[2]) }
	return &config.Special{
		OnSet: func(args []string) (bool, error) {
			if len(args) != len(p) {
				return false, config.ErrArgs
			}
			var values [3]int
			for i, arg := range args {
				n, ok := cInt(arg)
				if !ok || n < -2000 || n > 2000 {
					return false, errors.New("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
				}
				values[i] = int(n)
			}
			if values[1] < values[0] || values[2] < values[1] {
				s.Log(LogWarning, "The oom-score-adj-values configuration may not work for non-privileged processes! "+
					"Please consult the documentation.")
			}
			changed := *p != values
			*p = values
			return changed, nil
		},
		OnGet: get,
		OnLines: func() []config.RewriteLine {
			return []config.RewriteLine{{Text: get(), Force: *p != def}}
		},
	}
}

// percentilesValue is a list of percentiles; an empty argument empties it.
func percentilesValue(p *[]float64) *config.Special {
	get := func() string {
		list := make([]string, len(*p))
		for i, f := range *p {
			list[i] = percentileText(f)
		}
		return strings.Join(list, " ")
	}
	return &config.Special{
		OnSet: func(args []string) (bool, error) {
			if len(args) == 1 && args[0] == "" {
				args = nil
			}
			list := make([]float64, 0, len(args))
			for _, arg := range args {
				f, err := strconv.ParseFloat(arg, 64)
				if err != nil || math.IsNaN(f) || strings.Contains(arg, "_") {
					return false, errors.New("Invalid latency-tracking-info-percentiles parameters")
				}
				if f < 0 || f > 100 {
					return false, errors.New("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
				}
				list = append(list, f)
			}
			*p = list
			return true, nil
		},
		OnGet: get,
		OnLines: func() []config.RewriteLine {
			if len(*p) == 0 {
				return one(`""`)
			}
			return one(get())
		},
	}
}

// percentileText writes a percentile without needless zeros.
func percentileText(f float64) string {
	s := strconv.FormatFloat(f, 'f', 6, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// replicaOfValue names the master.
func replicaOfValue(v *Values) *config.Special {
	get := func() string {
		if v.MasterHost == "" {
			return ""
		}
		return v.MasterHost + " " + strconv.Itoa(v.MasterPort)
	}
	return &config.Special{
		OnSet: func(args []string) (bool, error) {
			if len(args) != 2 {
				return false, config.ErrArgs
			}
			if strings.EqualFold(args[0], "no") && strings.EqualFold(args[1], "one") {
				v.MasterHost = ""
				return true, nil
			}
			port, ok := cInt(args[1])
			if !ok || port < 0 || port > 65535 {
				return false, errors.New("Invalid master port")
			}
			v.MasterHost, v.MasterPort = args[0], int(port)
			return true, nil
		},
		OnGet: get,
		OnLines: func() []config.RewriteLine {
			if v.MasterHost == "" || v.ClusterEnabled {
				return nil
			}
			return one(get())
		},
	}
}
