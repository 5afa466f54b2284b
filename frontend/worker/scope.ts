/** The worker itself; TypeScript takes every `self` of its library for a worker of any kind. */
export const scope = self as unknown as ServiceWorkerGlobalScope;
