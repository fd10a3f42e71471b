;; A fill beyond the end.
(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (memory.fill (i32.const 65530) (i32.const 1) (i32.const 7)) (i32.const 0)))
