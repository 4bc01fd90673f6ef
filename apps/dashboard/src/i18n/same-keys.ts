/** What a translation has to say: the same keys. Chinese has one form for every number, so what English says of one thing is left out. */
export type SameKeys<T> = {
  [K in keyof T as K extends `${string}_one` ? never : K]: T[K] extends string ? string : SameKeys<T[K]>;
};
