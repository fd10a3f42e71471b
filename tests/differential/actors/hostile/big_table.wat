;; A table just within the limit.
(module (memory (export "memory") 1) (table (export "table") 20000 funcref) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
