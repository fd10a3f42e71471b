;; An external reference.
(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (ref.is_null (ref.null extern)) (drop) (i32.const 0)))
