;; A table beyond the limit.
(module (memory (export "memory") 1) (table 20001 funcref) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
