;; Two tables.
(module (memory (export "memory") 1) (table 1 funcref) (table 1 funcref) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
