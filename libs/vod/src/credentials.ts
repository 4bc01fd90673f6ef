import { DefaultCredentialsProvider } from '@alicloud/credentials';

export type VodCredentials = { accessKeyId: string; accessKeySecret: string; securityToken?: string } | 'default-chain';

export interface AccessKey {
  accessKeyId: string;
  accessKeySecret: string;
  securityToken?: string;
}

export interface CredentialsProvider {
  getCredentials(): Promise<AccessKey>;
}

export class NoCredentialsError extends Error {}

export function credentialsProvider(credentials: VodCredentials): CredentialsProvider {
  const source = credentials === 'default-chain' ? new DefaultChain() : { getCredentials: async () => credentials };
  return {
    getCredentials: async () => complete(await source.getCredentials()),
  };
}

/** pop-core sends a request without signature when a part of the key is missing. */
function complete(key: AccessKey): AccessKey {
  if (!key.accessKeyId || !key.accessKeySecret) throw new NoCredentialsError('incomplete access key');
  return key;
}

/**
 * DefaultCredentialsProvider 2.4.7 remembers the provider it is trying before that one has answered. Two consequences:
 * after a complete failure it asks only the last one of the chain, so it is built anew; and a second caller meanwhile
 * would ask only the one being tried, so callers share one look-up.
 */
class DefaultChain implements CredentialsProvider {
  private chain = DefaultCredentialsProvider.builder().build();
  private lookUp: Promise<AccessKey> | null = null;

  getCredentials(): Promise<AccessKey> {
    this.lookUp ??= this.ask().finally(() => (this.lookUp = null));
    return this.lookUp;
  }

  private async ask(): Promise<AccessKey> {
    try {
      return await this.chain.getCredentials();
    } catch {
      // The chain's own message isn't passed on: it quotes URLs and file names of the host.
      this.chain = DefaultCredentialsProvider.builder().build();
      throw new NoCredentialsError('no provider of the default chain has an access key');
    }
  }
}
