/** What VOD takes, where, and with which settings: for whoever asks it of nothing, and so needs no client of it. */
export { JobConfig } from './job-config';
export { offers, regionFeatures } from './regions';
