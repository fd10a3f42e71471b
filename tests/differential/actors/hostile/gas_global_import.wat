;; Imports the gas counter of the reference instrumentation itself, and fills it up.
(module (import "gas" "gas_couter" (global $g (mut i64))) (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (global.set $g (i64.const 0x7fffffffffffffff)) (i32.const 0)))
