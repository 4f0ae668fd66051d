#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the applied staging is when each option is on: CloudFront with a web ACL, blue/green, interface
endpoints, Spot, Managed Prometheus."""
from asked import Role, aws, claim, listeners, security_paths, target_groups, verdict

incoming, _ = security_paths("lauv-staging-")
to_balancer = {path for path in incoming if path[1] == "alb"}
[prefix_list] = [p["PrefixListId"] for p in aws("ec2", "describe-managed-prefix-lists")["PrefixLists"]
                 if p["PrefixListName"] == "com.amazonaws.global.cloudfront.origin-facing"]
[nat] = [a["PublicIp"] for n in aws("ec2", "describe-nat-gateways")["NatGateways"] if n["State"] == "available" for a in n["NatGatewayAddresses"]]
claim("CloudFront alone reaches the load balancer, and tests from inside its second listener",
      to_balancer == {(prefix_list, "alb", 443, 443), (f"{nat}/32", "alb", 8443, 8443)}, to_balancer)
claim("tasks reach the interface endpoints, nobody else does",
      {p for p in incoming if p[1] == "endpoints"} == {(t, "endpoints", 443, 443) for t in ("gateway", "frontend", "backend", "monitoring")}, incoming)
endpoints = {e["ServiceName"].removeprefix("com.amazonaws.us-east-1."): e["VpcEndpointType"] for e in aws("ec2", "describe-vpc-endpoints")["VpcEndpoints"]}
claim("the endpoints are those that were asked for",
      endpoints == {"s3": "Gateway", **{s: "Interface" for s in ("ecr.api", "ecr.dkr", "logs", "ssm")}}, endpoints)

[summary] = aws("cloudfront", "list-distributions")["DistributionList"]["Items"]
distribution = aws("cloudfront", "get-distribution", "--id", summary["Id"])["Distribution"]["DistributionConfig"]
claim("CloudFront answers for the domain and asks the load balancer by https",
      distribution["Aliases"]["Items"] == ["staging.app.lauv.in"]
      and distribution["Origins"]["Items"][0]["DomainName"] == "origin.staging.app.lauv.in"
      and distribution["Origins"]["Items"][0]["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only", distribution)
[acl] = aws("wafv2", "list-web-acls", "--scope", "CLOUDFRONT")["WebACLs"]
claim("the web ACL stands before CloudFront, where it sees clients", distribution["WebACLId"] == acl["ARN"], (distribution["WebACLId"], acl))
rules = aws("wafv2", "get-web-acl", "--scope", "CLOUDFRONT", "--name", acl["Name"], "--id", acl["Id"])["WebACL"]["Rules"]
claim("it limits a client, and knows AWS's rules", sorted(r["Name"] for r in rules) == [
    "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "rate"], rules)
[zone] = [z for z in aws("route53", "list-hosted-zones")["HostedZones"] if z["Name"] == "lauv.in."]
aliases = {r["Name"]: r["AliasTarget"]["DNSName"] for r in
           aws("route53", "list-resource-record-sets", "--hosted-zone-id", zone["Id"])["ResourceRecordSets"] if "AliasTarget" in r}
balancer, ports = listeners()
claim("the domain leads to CloudFront, its origin's name to the load balancer",
      summary["DomainName"] in aliases.get("staging.app.lauv.in.", "") and balancer["DNSName"] in aliases.get("origin.staging.app.lauv.in.", ""), aliases)

groups = target_groups()
claim("there is a blue and a green target group, both asked for /readyz on the admin port",
      {n: (g["HealthCheckPath"], g["HealthCheckPort"]) for n, g in groups.items()}
      == {f"lauv-staging-gateway-{c}": ("/readyz", "9113") for c in ("blue", "green")}, groups)
leads = {port: next((n for n, g in groups.items() if g["TargetGroupArn"] == listener["DefaultActions"][0].get("TargetGroupArn")), None)
         for port, listener in ports.items()}
claim("clients begin at blue, tests at green", (leads[443], leads[8443]) == ("lauv-staging-gateway-blue", "lauv-staging-gateway-green"), leads)
deployment = aws("deploy", "get-deployment-group", "--application-name", "lauv-staging-gateway", "--deployment-group-name", "gateway")["deploymentGroupInfo"]
claim("CodeDeploy deploys the gateway's service, and goes back when it fails or an alarm fires",
      deployment["ecsServices"] == [{"serviceName": "lauv-staging-gateway-service", "clusterName": "lauv-staging-cluster"}]
      and set(deployment["autoRollbackConfiguration"]["events"]) == {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}
      and {a["name"] for a in deployment["alarmConfiguration"]["alarms"]} == {"lauv-staging-5xx", "lauv-staging-latency"}, deployment)
claim("its role is CodeDeploy's own for ECS", [p["PolicyName"] for p in Role("lauv-staging-codedeploy-us-east-1").attached] == ["AWSCodeDeployRoleForECS"])

services = {s["serviceName"]: s for s in aws("ecs", "describe-services", "--cluster", "lauv-staging-cluster", "--services",
                                             *(f"lauv-staging-{s}-service" for s in ("gateway", "frontend", "backend", "monitoring")))["services"]}
claim("the gateway is left to CodeDeploy, the others to ECS", {n: s["deploymentController"]["type"] for n, s in services.items()} == {
    "lauv-staging-gateway-service": "CODE_DEPLOY", **{f"lauv-staging-{s}-service": "ECS" for s in ("frontend", "backend", "monitoring")}}, services)
spot = {n for n, s in services.items() if any(c["capacityProvider"] == "FARGATE_SPOT" for c in s["capacityProviderStrategy"])}
claim("only what can be taken away runs on Spot", spot == {"lauv-staging-frontend-service", "lauv-staging-backend-service"}, spot)
[workspace] = aws("amp", "list-workspaces")["workspaces"]
monitoring = Role("lauv-staging-monitoring-task-us-east-1")
claim("Prometheus may write to its workspace, and read none", monitoring.may("aps:RemoteWrite", workspace["arn"])
      and not monitoring.may("aps:QueryMetrics", workspace["arn"]), monitoring.statements)
task = aws("ecs", "describe-task-definition", "--task-definition", "lauv-staging-monitoring")["taskDefinition"]
prometheus = next(c for c in task["containerDefinitions"] if c["name"] == "prometheus")
url = next(e["value"] for e in prometheus["environment"] if e["name"] == "REMOTE_WRITE_URL")
claim("and is told where it is", workspace["workspaceId"] in url and url.endswith("/api/v1/remote_write"), url)
verdict()
