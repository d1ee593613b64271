export { BufferPool } from './pool.ts';
