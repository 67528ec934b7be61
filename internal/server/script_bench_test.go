package server

import "testing"

// BenchmarkEvalSHA calls a script that calls nothing, and one that reads a key.
func BenchmarkEvalSHA(b *testing.B) {
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	c := s.NewFakeClient(FakeOptions{})
	for name, code := range map[string]string{"return": "return 1", "get": "return redis.call('get', KEYS[1])"} {
		b.Run(name, func(b *testing.B) {
			sc, err := s.compile([]byte(code))
			if err != nil {
				b.Fatal(err)
			}
			argv := [][]byte{[]byte("evalsha"), []byte(sc.SHA), []byte("1"), []byte("k")}
			cmd := s.LookupArgv(argv)
			b.ReportAllocs()
			for b.Loop() {
				c.cmd, c.argv, c.out = cmd, argv, c.out[:0]
				s.call(c, cmd, argv)
			}
		})
	}
}
