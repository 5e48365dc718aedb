# Makes an app registration of the function, consents to its permissions, and prints its client id. See docs/entra.md.
#
#   examples/entra/Register-App.ps1 -Tenant contoso.onmicrosoft.com -Name reregister-mfa [-Passkeys] [-HardwareOath]
#   examples/entra/Register-App.ps1 -Tenant contoso.onmicrosoft.com -Name reregister-mfa-privileged -Privileged
#
# In a national cloud, give -Environment USGov or USGovDoD, too.
param(
    [Parameter(Mandatory)] [string] $Tenant,
    [Parameter(Mandatory)] [string] $Name,
    [string] $Environment = 'Global',
    [switch] $Privileged,
    [switch] $Passkeys,
    [switch] $HardwareOath
)
$ErrorActionPreference = 'Stop'
Connect-MgGraph -TenantId $Tenant -Environment $Environment -NoWelcome `
    -Scopes Application.ReadWrite.All, AppRoleAssignment.ReadWrite.All

$app   = New-MgApplication -DisplayName $Name -SignInAudience AzureADMyOrg
$sp    = New-MgServicePrincipal -AppId $app.AppId
$graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"

$permissions = @(
    'UserAuthenticationMethod.Read.All', 'UserAuthMethod-Phone.ReadWrite.All',
    'UserAuthMethod-MicrosoftAuthApp.ReadWrite.All', 'UserAuthMethod-SoftwareOATH.ReadWrite.All',
    'User.RevokeSessions.All'
)
if (-not $Privileged) { # the first app looks people up
    $permissions += 'User.Read.All', 'GroupMember.Read.All', 'RoleManagement.Read.Directory',
        'PrivilegedEligibilitySchedule.Read.AzureADGroup'
}
if ($Passkeys) { $permissions += 'UserAuthMethod-Passkey.ReadWrite.All' }
if ($HardwareOath) { $permissions += 'UserAuthMethod-HardwareOATH.ReadWrite.All' }

foreach ($permission in $permissions) {
    $role = $graph.AppRoles |
        Where-Object { $_.Value -eq $permission -and $_.AllowedMemberTypes -contains 'Application' }
    New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id -PrincipalId $sp.Id `
        -ResourceId $graph.Id -AppRoleId $role.Id | Out-Null
}
$app.AppId
