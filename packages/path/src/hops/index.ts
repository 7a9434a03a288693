/**
 * The hop database: every product, by id. A new product is one file here and one name in the list below (docs/add-a-hop.md).
 */
import type { Product } from "../knob.ts";
import { cellularNat, homeNat } from "./access-nat.ts";
import { agentkeepalive } from "./agentkeepalive.ts";
import { apache } from "./apache.ts";
import { awsAlb } from "./aws-alb.ts";
import { awsApiGatewayWebSocket } from "./aws-api-gateway-websocket.ts";
import { awsClb } from "./aws-clb.ts";
import { awsCloudFront } from "./aws-cloudfront.ts";
import { awsNatGateway } from "./aws-nat-gateway.ts";
import { awsNetworkFirewall } from "./aws-network-firewall.ts";
import { awsNlb } from "./aws-nlb.ts";
import { awsSecurityGroup, awsSecurityGroupNitroV6 } from "./aws-security-group.ts";
import { azureAppGateway } from "./azure-app-gateway.ts";
import { azureFrontDoor } from "./azure-front-door.ts";
import { azureLb } from "./azure-lb.ts";
import { browser, chrome, firefox } from "./browsers.ts";
import { caddy } from "./caddy.ts";
import { cloudflare } from "./cloudflare.ts";
import { mysql2, nodePostgres } from "./db-pools.ts";
import { envoy } from "./envoy.ts";
import { fly } from "./fly.ts";
import { gcpAlb, gcpAlbRegional } from "./gcp-alb.ts";
import { gcpCloudNat, gcpVpcFirewall } from "./gcp-network.ts";
import { goClient, goServer } from "./go.ts";
import { grpcClient, grpcServer } from "./grpc.ts";
import { haproxy } from "./haproxy.ts";
import { heroku } from "./heroku.ts";
import { holdfastGuard, holdfastPool, holdfastServer } from "./holdfast.ts";
import { ingressNginx } from "./ingress-nginx.ts";
import { istio } from "./istio.ts";
import { dockerSwarm, kubeIptables, kubeIpvs } from "./kube-proxy.ts";
import { linux } from "./linux.ts";
import { linuxConntrack } from "./linux-conntrack.ts";
import { mariadb, mysql } from "./mysql.ts";
import { nginx } from "./nginx.ts";
import { node } from "./node.ts";
import { nodeAgent } from "./node-agent.ts";
import { pgbouncer } from "./pgbouncer.ts";
import { postgres } from "./postgres.ts";
import { gunicorn, uvicorn } from "./python.ts";
import { redis } from "./redis.ts";
import { squid } from "./squid.ts";
import { traefik } from "./traefik.ts";
import { undici } from "./undici.ts";
import { varnish } from "./varnish.ts";
import { vercel } from "./vercel.ts";

/** In the order in which tables show them: from the user inward. */
const everyProduct: readonly Product[] = [
  [browser, chrome, firefox, homeNat, cellularNat],
  [cloudflare, awsCloudFront, azureFrontDoor],
  [awsAlb, awsClb, awsApiGatewayWebSocket, gcpAlb, gcpAlbRegional, azureAppGateway, heroku, fly, vercel],
  [awsNlb, awsNatGateway, awsNetworkFirewall, awsSecurityGroup, awsSecurityGroupNitroV6, gcpVpcFirewall, gcpCloudNat, azureLb],
  [kubeIpvs, kubeIptables, dockerSwarm, linuxConntrack],
  [nginx, ingressNginx, haproxy, envoy, istio, caddy, traefik, apache, squid, varnish],
  [holdfastServer, holdfastGuard, node, goServer, gunicorn, uvicorn, grpcServer],
  [holdfastPool, nodeAgent, undici, agentkeepalive, goClient, grpcClient, nodePostgres, mysql2],
  [pgbouncer, postgres, mysql, mariadb, redis],
  [linux],
].flat();

export const products: Readonly<Record<string, Product>> = Object.fromEntries(everyProduct.map((product) => [product.id, product]));

/** The product of that id or alias; null where there is none. */
export function findProduct(word: string): Product | null {
  const wanted = word.toLowerCase();
  return products[wanted] ?? Object.values(products).find(({ aliases }) => aliases?.includes(wanted)) ?? null;
}
