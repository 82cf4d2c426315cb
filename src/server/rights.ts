import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Repository } from '../oci/reference.ts';
import type { Exchange } from './exchange.ts';

/** Who may do what. Asked where one request reaches into a repository that its path does not name. */
export interface Rights {
  /** True when the sender of this request may pull from the repository. */
  mayPull(exchange: Exchange, repository: Repository): MaybePromise<boolean>;
}

/** What the sender may: everything where nobody is asked who he is. */
export const callersRights: Rights = {
  mayPull: ({ caller }, repository) => caller.may('pull', repository),
};
