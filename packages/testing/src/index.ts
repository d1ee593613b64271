/** For tests of plugins: contract suites and fakes. */
export { BrokenContract, type ContractCase, type ContractOptions } from './contract.ts';
export * from './fakes.ts';
export { type InputSubject, inputContract } from './input-contract.ts';
export { memoryBatch } from './memory-batch.ts';
export { type OutputSubject, outputContract } from './output-contract.ts';
export { type TransformSubject, transformContract } from './transform-contract.ts';
