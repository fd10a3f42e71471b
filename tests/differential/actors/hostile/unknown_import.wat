;; Imports a function no host has.
(module (import "vm" "fly" (func (param i32) (result i32))) (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
