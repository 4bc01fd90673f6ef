/**
 * The emulator's SMQ (formerly MNS), on the emulator's own port. Its endpoint in a region is
 *
 *     http://<emulator>/_mns/{region}            for example http://127.0.0.1:3002/_mns/cn-shanghai
 *
 * and a queue's URL `<endpoint>/queues/{name}`. Clients sign the path and query behind the endpoint, or all of it: both are
 * taken. `@alicloud/mns` takes it as its `endpoint`. `ali-mns` builds `http://{account}.mns.{region}.aliyuncs.com` by itself
 * and has to be led here: by the name (hosts file or DNS, port 80), or with `HTTP_PROXY=http://<emulator>`, for requests
 * with one of SMQ's hosts, in the Host or in the URL itself, are taken for that region's queues whatever their path.
 */
export { leadToQueues } from './hosts';
export { queueDelivery } from './queue-delivery';
export { QueueServer } from './queue-server';
export type { Queues } from './queues';
export { queueSurface } from './routes';
