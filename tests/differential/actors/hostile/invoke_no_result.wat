;; `invoke` returns nothing.
(module (memory (export "memory") 1) (func (export "invoke") (param i32)))
