;; Has a memory, but keeps it.
(module (memory 1) (func (export "invoke") (param i32) (result i32) (i32.const 0)))
