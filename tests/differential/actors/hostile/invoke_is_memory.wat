;; `invoke` is not a function.
(module (memory (export "memory") 1) (global (export "invoke") i32 (i32.const 0)))
