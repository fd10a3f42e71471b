;; Exports a memory only.
(module (memory (export "memory") 1))
