package server

// infoScripts tells what scripts and functions take, and how many there are.
func (s *Server) infoScripts(w *InfoWriter) {
	st := &s.scripts
	eval, function := st.host.memory()
	scripts, libraries := s.scriptMemory()
	w.int("used_memory_lua", eval)
	w.int("used_memory_vm_eval", eval)
	w.line("used_memory_lua_human", humanBytes(uint64(eval)))
	w.int("used_memory_scripts_eval", scripts)
	w.int("number_of_cached_scripts", int64(len(st.cache)))
	w.int("number_of_functions", int64(len(st.libraries.functions)))
	w.int("number_of_libraries", int64(len(st.libraries.list)))
	w.int("used_memory_vm_functions", function)
	w.int("used_memory_vm_total", eval+function)
	w.line("used_memory_vm_total_human", humanBytes(uint64(eval+function)))
	w.int("used_memory_functions", libraries)
	w.int("used_memory_scripts", scripts+libraries)
	w.line("used_memory_scripts_human", humanBytes(uint64(scripts+libraries)))
}

// memory is about what the engine takes for scripts and for functions, in bytes.
func (h *scriptHost) memory() (eval, function int64) {
	if h.lua == nil {
		return 0, 0
	}
	return h.lua.Memory()
}
