;; An element segment beyond the table.
(module (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 1) func 0) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
