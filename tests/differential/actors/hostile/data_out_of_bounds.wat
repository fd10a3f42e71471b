;; A data segment beyond memory.
(module (memory (export "memory") 1) (data (i32.const 65535) "ab") (func (export "invoke") (param i32) (result i32) (i32.const 0)))
