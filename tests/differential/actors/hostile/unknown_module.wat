;; Imports from a module no host has.
(module (import "sky" "exit" (func (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
