;; Traps on instantiation.
(module (memory (export "memory") 1) (func $go unreachable) (start $go) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
