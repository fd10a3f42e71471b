;; Makes a syscall on instantiation, before its memory is known to the host.
(module (import "gas" "available" (func $gas (param i32) (result i32))) (memory (export "memory") 1) (func $go (drop (call $gas (i32.const 8)))) (start $go) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
