;; Exits on instantiation.
(module (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1) (func $go (drop (call $exit (i32.const 40) (i32.const 0) (i32.const 0) (i32.const 0)))) (start $go) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
