from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy
def check(args, report):
    raise ValueError("policy is broken")
PolicyPack("stack", [StackValidationPolicy(name="r", description="R.", validate=check, enforcement_level=EnforcementLevel.ADVISORY)])
