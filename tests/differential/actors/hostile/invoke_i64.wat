;; `invoke` takes and returns 64 bits.
(module (memory (export "memory") 1) (func (export "invoke") (param i64) (result i64) (i64.const 0)))
