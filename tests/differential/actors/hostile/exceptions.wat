;; Throws.
(module (memory (export "memory") 1) (tag $t) (func (export "invoke") (param i32) (result i32) (throw $t)))
