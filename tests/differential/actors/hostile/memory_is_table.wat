;; `memory` is a table.
(module (table (export "memory") 1 funcref) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
