export * from './fakes.ts';
