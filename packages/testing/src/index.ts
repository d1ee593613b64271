/** For tests of plugins: contract suites and fakes. */
export { type ConfigSourceSubject, configSourceContract } from './config-source-contract.ts';
export { BrokenContract, type ContractCase, type ContractOptions } from './contract.ts';
export * from './fakes.ts';
export { FlakyOutput } from './flaky-output.ts';
export { HandClock } from './hand-clock.ts';
export { type InputSubject, inputContract } from './input-contract.ts';
export { LogFolder } from './log-folder.ts';
export { memoryBatch } from './memory-batch.ts';
export { type OutputSubject, outputContract } from './output-contract.ts';
export { type TransformSubject, transformContract } from './transform-contract.ts';
