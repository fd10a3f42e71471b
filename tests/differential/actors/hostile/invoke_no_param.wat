;; `invoke` takes nothing.
(module (memory (export "memory") 1) (func (export "invoke") (result i32) (i32.const 0)))
