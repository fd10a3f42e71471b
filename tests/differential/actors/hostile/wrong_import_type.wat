;; Imports `vm::exit` with a parameter missing.
(module (import "vm" "exit" (func (param i32 i32 i32) (result i32))) (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
