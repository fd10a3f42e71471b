;; A table of four billion entries.
(module (memory (export "memory") 1) (table 0xffffffff funcref) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
