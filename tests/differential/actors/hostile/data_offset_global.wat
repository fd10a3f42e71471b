;; A data segment placed by an imported global no host has.
(module (import "env" "base" (global i32)) (memory (export "memory") 1) (data (global.get 0) "ab") (func (export "invoke") (param i32) (result i32) (i32.const 0)))
