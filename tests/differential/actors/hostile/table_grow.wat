;; Grows its table.
(module (memory (export "memory") 1) (table $t 1 funcref) (func (export "invoke") (param i32) (result i32) (drop (table.grow $t (ref.null func) (i32.const 100))) (i32.const 0)))
