;; Has a memory of no pages.
(module (memory (export "memory") 0) (func (export "invoke") (param i32) (result i32) (i32.load (i32.const 0))))
