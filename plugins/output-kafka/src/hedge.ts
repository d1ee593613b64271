/**
 * The first success of several attempts, made in turn: the next one begins when the one before it has failed, or has not
 * answered for `patience` ms. A frozen broker answers nobody, and one that is away must not hold up the others.
 * @throws AggregateError with the reasons of all, in order, when none succeeds
 */
export function hedged<T>(attempts: readonly (() => Promise<T>)[], patience: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const errors: unknown[] = [];
    let begun = 0;
    let failed = 0;
    let timer: NodeJS.Timeout | undefined;
    const next = () => {
      clearTimeout(timer);
      const index = begun;
      const attempt = attempts[begun++];
      if (!attempt) return;
      timer = setTimeout(next, patience);
      attempt().then(
        (value) => {
          begun = attempts.length;
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          errors[index] = error;
          if (++failed === attempts.length) {
            clearTimeout(timer);
            reject(new AggregateError(errors));
          } else if (index === begun - 1) next();
        },
      );
    };
    if (attempts.length === 0) reject(new AggregateError([]));
    else next();
  });
}
