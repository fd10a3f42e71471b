;; Loops forever.
(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (loop $l (br $l)) (i32.const 0)))
