/**
 * What a request must bring to be answered:
 * - `nothing`;
 * - `login`: credentials, or a token of ours, be it for nobody;
 * - `pull`, `push`, `delete`: the right in the repository of its path;
 * - `seed`: as `pull`; the key of an announce URL will do, too;
 * - `catalog`: as `login`; nothing but what it may pull is told of;
 * - `tracker`: the key of an announce URL, or credentials; each torrent is looked at;
 * - `figures`: as it was set;
 * - `admin`: the right to manage the registry.
 */
export type Need =
  | 'nothing'
  | 'login'
  | 'pull'
  | 'push'
  | 'delete'
  | 'seed'
  | 'catalog'
  | 'tracker'
  | 'figures'
  | 'admin';
